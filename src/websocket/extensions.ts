import { isToken } from "../http/index.ts";

/** One parameter of an extension; `value` is undefined for a bare name, and without its quotes if it had some. */
export interface ExtensionParameter {
  readonly name: string;
  readonly value: string | undefined;
}

/** One element of Sec-WebSocket-Extensions: an offer of the client, or what the server accepted. */
export interface Extension {
  readonly name: string;
  readonly parameters: readonly ExtensionParameter[];
}

// One parameter with the semicolon before it. A quoted value is unquoted to what it means.
const parameterForm = /^;[ \t]*([^\s;,="]+)[ \t]*(?:=[ \t]*(?:([^\s;,="]+)|"((?:[^"\\]|\\[^])*)"))?[ \t]*/;
const nameForm = /^[^\s;,="]+/;

/**
 * Reads the lines of Sec-WebSocket-Extensions (RFC 6455 section 9.1). Names and values are kept in their own case and
 * must be tokens, quoted values after unquoting; empty list elements are skipped.
 *
 * @returns undefined when a line does not follow the grammar
 */
export function parseExtensions(lines: readonly string[]): Extension[] | undefined {
  const extensions: Extension[] = [];
  for (const line of lines) {
    let rest = line.trim();
    while (rest !== "") {
      const parsed = rest.startsWith(",") ? { extension: undefined, rest } : readExtension(rest);
      // What follows an element is the end of the line or a comma.
      if (parsed === undefined || (parsed.rest !== "" && !parsed.rest.startsWith(","))) {
        return undefined;
      }
      if (parsed.extension !== undefined) {
        extensions.push(parsed.extension);
      }
      rest = parsed.rest.slice(1).trimStart();
    }
  }
  return extensions;
}

function readExtension(text: string): { extension: Extension; rest: string } | undefined {
  const name = nameForm.exec(text)?.[0];
  if (name === undefined || !isToken(name)) {
    return undefined;
  }
  const parameters: ExtensionParameter[] = [];
  let rest = text.slice(name.length).trimStart();
  for (let match = parameterForm.exec(rest); match !== null; match = parameterForm.exec(rest)) {
    const [whole, key = "", bare, quoted] = match;
    const value = bare ?? quoted?.replace(/\\([^])/g, "$1");
    if (!isToken(key) || (value !== undefined && !isToken(value))) {
      return undefined;
    }
    parameters.push({ name: key, value });
    rest = rest.slice(whole.length);
  }
  return { extension: { name, parameters }, rest };
}
