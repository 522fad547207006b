import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLParseError,
} from "yaml";

import { didYouMean } from "../base/index.ts";
import { type Environment, type Expansion, expandReferences } from "./expand.ts";
import { formatPath, type Path, type Place, type Problem } from "./problem.ts";

/** Aliases may be followed this often; more would be a file that grows while it is read. */
const MAX_ALIASES = 100;

/** A configuration file that was read, and the places of what stands in it. */
export interface ConfigDocument {
  /** What the file says; `{}` when it could not be read or says nothing. */
  readonly data: unknown;
  readonly problems: readonly Problem[];
  /** Whether the problems left nothing that could be judged further. */
  readonly broken: boolean;
  /** The place of a value or, with `atKey`, of its key; of the nearest thing around it when it is not there. */
  locate(path: Path, atKey?: boolean): Place;
  /** Whether the value's text came from a variable, so that "8" may have been meant as 8. */
  isExpanded(path: Path): boolean;
}

/**
 * Parses YAML (and so JSON), and puts the values of variables into its texts. That is done after parsing, so that
 * no value can change the structure of the file.
 */
export function readDocument(text: string, file: string, env: Environment): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, stringKeys: true });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: Problem[] = tellingErrors(document.errors).map((error) => ({
    place: placeAt(error.pos[0]),
    path: "",
    message: syntaxMessage(error, text),
  }));
  const expanded = new Set<Node>();
  const references = problems.length === 0 ? expandScalars(document, env, placeAt, expanded) : [];
  const data = problems.length === 0 ? toData(document, problems, placeAt(0)) : {};
  return {
    data,
    broken: problems.length > 0,
    problems: [...problems, ...references],
    locate: (path, atKey = false) => placeAt(offsetOf(document, path, atKey)),
    isExpanded: (path) => {
      const found = walk(document, path);
      return found.whole && found.value !== undefined && expanded.has(found.value);
    },
  };
}

/** A first mistake of syntax makes others of all that follows it, so only it is told; duplicate keys confuse nothing. */
function tellingErrors(errors: readonly YAMLParseError[]): readonly YAMLParseError[] {
  const first = errors.find(({ code }) => !HARMLESS.has(code));
  return errors.filter((error) => error === first || HARMLESS.has(error.code));
}

const HARMLESS: ReadonlySet<string> = new Set(["DUPLICATE_KEY", "TAB_AS_INDENT"]);

function syntaxMessage({ code, message, pos }: YAMLParseError, text: string): string {
  if (code === "DUPLICATE_KEY") return "this key stands here a second time; keep one of them";
  if (code === "MULTIPLE_DOCS") return "a second document begins here; a configuration file holds one";
  if (code === "TAB_AS_INDENT") return "a tab is used for indentation; YAML allows only spaces there";
  if (text.slice(pos[0] - 1, pos[0] + 1) === "${")
    return 'within { } and [ ] a reference needs quotes; write "${NAME}"';
  if (message.includes("call stack")) return "this is nested too deeply; a configuration has a few levels";
  const unclosed = /end with an? ([\]}"'])/.exec(message)?.[1];
  if (unclosed !== undefined) return `what was opened before this is not closed; end it with ${unclosed}`;
  if (code === "MISSING_CHAR" && message.includes(","))
    return "a comma is missing before this; put one between entries";
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function toData(document: Document, problems: Problem[], place: Place): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
  } catch (error) {
    const message =
      error instanceof ReferenceError
        ? `aliases (*name) are followed too often; at most ${MAX_ALIASES} times is allowed`
        : `the file cannot be read: ${String(error)}`;
    problems.push({ place, path: "", message });
    return {};
  }
}

/** Expands every text that is a value; keys are left alone. */
function expandScalars(
  document: Document,
  env: Environment,
  placeAt: (offset: number) => Place,
  expanded: Set<Node>,
): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Scalar(position, node, ancestors) {
      if (position === "key" || typeof node.value !== "string" || !node.value.includes("${")) return;
      const result = expandReferences(node.value, env);
      const place = placeAt(node.range?.[0] ?? 0);
      const path = formatPath(pathOf([...ancestors, node]));
      problems.push(...referenceMessages(result, env).map((message) => ({ place, path, message })));
      node.value = result.text;
      expanded.add(node);
    },
  });
  return problems;
}

/** The path that a chain of nodes, each within the one before, amounts to. */
function pathOf(chain: readonly unknown[]): Path {
  return chain.flatMap((node, index): (string | number)[] => {
    if (isPair(node)) return [keyText(node) ?? "?"];
    return isSeq(node) ? [node.items.indexOf(chain[index + 1])] : [];
  });
}

function referenceMessages({ missing, malformed }: Expansion, env: Environment): string[] {
  const unknown = missing.map((name) => {
    const meant = didYouMean(name, Object.keys(env));
    const right = meant === undefined ? `set it, or give a default: \${${name}:-value}` : `did you mean \${${meant}}?`;
    return `the environment has no variable ${name}; ${right}`;
  });
  const rule = "this ${ begins no reference; write ${NAME} or ${NAME:-default}, or $${ for the characters themselves";
  return malformed ? [...unknown, rule] : unknown;
}

interface Found {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
  /** Whether the whole path was there. */
  readonly whole: boolean;
}

/** Follows a path as far as it goes. */
function walk(document: Document, path: Path): Found {
  let found: Found = { key: undefined, value: resolve(document, document.contents), whole: true };
  for (const step of path) {
    const next = stepInto(document, found.value, step);
    if (next === undefined) return { ...found, whole: false };
    found = next;
  }
  return found;
}

function stepInto(document: Document, node: Node | undefined, step: string | number): Found | undefined {
  if (isSeq(node)) {
    const item = typeof step === "number" ? node.items[step] : undefined;
    return item === undefined ? undefined : { key: undefined, value: resolve(document, item), whole: true };
  }
  // A single value may stand where a list is allowed: its first element is itself.
  if (!isMap(node)) return step === 0 && node !== undefined ? { key: undefined, value: node, whole: true } : undefined;
  const own = node.items.find((pair) => keyText(pair) === String(step));
  if (own !== undefined) return foundPair(document, own);
  const merged = node.items.find((pair) => keyText(pair) === "<<");
  if (merged === undefined) return step === 0 ? { key: undefined, value: node, whole: true } : undefined;
  return stepInto(document, resolve(document, merged.value), step);
}

function foundPair(document: Document, pair: Pair): Found {
  const key = isScalar(pair.key) ? pair.key : undefined;
  // A key without a value has a place too: its own.
  return { key, value: resolve(document, pair.value) ?? key, whole: true };
}

function keyText(pair: Pair): string | undefined {
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}

function resolve(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isScalar(node) || isMap(node) || isSeq(node) ? node : undefined;
}

function offsetOf(document: Document, path: Path, atKey: boolean): number {
  const found = walk(document, path);
  const node = atKey && found.key !== undefined ? found.key : found.value;
  return node?.range?.[0] ?? 0;
}
