import { headerValue, headerValues } from "../http/index.ts";
import type { RawHeaders } from "../http/index.ts";

import { parseExtensions } from "./extensions.ts";
import type { Extension, ExtensionParameter } from "./extensions.ts";

const EXTENSIONS = "sec-websocket-extensions";
const DEFLATE = "permessage-deflate";
const CLIENT_NO_TAKEOVER = "client_no_context_takeover";
const SERVER_NO_TAKEOVER = "server_no_context_takeover";
const WINDOWS: ReadonlySet<string> = new Set(["server_max_window_bits", "client_max_window_bits"]);

/**
 * What an answer to a handshake settles for the client, as one text: of two answers with the same text the client cannot
 * tell which backend's it has got. Whether the client may keep its context is left out, since
 * {@link withoutClientTakeover} settles that for all.
 *
 * @param headers of an answer that has been verified
 */
export function agreedText(headers: RawHeaders): string {
  const extensions = parseExtensions(headerValues(headers, EXTENSIONS)) ?? [];
  return [headerValue(headers, "sec-websocket-protocol") ?? "", ...extensions.map(extensionText)].join("\n");
}

/** A text of {@link agreedText} for people: `subprotocol chat, extensions permessage-deflate`. */
export function agreedWords(text: string): string {
  const [protocol = "", ...extensions] = text.split("\n");
  const subprotocol = protocol === "" ? "no subprotocol" : `subprotocol ${protocol}`;
  return `${subprotocol}, ${extensions.length === 0 ? "no extension" : `extension ${extensions.join(", ")}`}`;
}

/** Whether an answer has the backend begin each message without what it has compressed before. */
export function resetsServerContext(headers: RawHeaders): boolean {
  const extensions = parseExtensions(headerValues(headers, EXTENSIONS)) ?? [];
  return extensions.every((extension) => extension.name !== DEFLATE || has(extension, SERVER_NO_TAKEOVER));
}

/**
 * An answer in which permessage-deflate, where it is accepted, has the client begin each message without what it has
 * compressed before, so that another backend can inflate what follows (RFC 7692 section 7.1.1.2: a server may say so
 * unasked).
 */
export function withoutClientTakeover(headers: RawHeaders): string[] {
  return changeDeflate(headers, CLIENT_NO_TAKEOVER);
}

/** An offer in which every permessage-deflate asks the backend to do the same, so that single messages can be left out. */
export function withoutServerTakeover(headers: RawHeaders): string[] {
  return changeDeflate(headers, SERVER_NO_TAKEOVER);
}

/** Adds a parameter without a value to each permessage-deflate that has it not. */
function changeDeflate(headers: RawHeaders, parameter: string): string[] {
  return headers.map((text, at) => {
    if (at % 2 === 0 || headers[at - 1]?.toLowerCase() !== EXTENSIONS) return text;
    const extensions = parseExtensions([text]);
    if (!extensions?.some((extension) => extension.name === DEFLATE && !has(extension, parameter))) return text;
    return extensions
      .map((extension) =>
        written(extension.name !== DEFLATE || has(extension, parameter) ? extension : add(extension, parameter)),
      )
      .join(", ");
  });
}

function has({ parameters }: Extension, name: string): boolean {
  return parameters.some((parameter) => parameter.name === name);
}

function add({ name, parameters }: Extension, parameter: string): Extension {
  return { name, parameters: [...parameters, { name: parameter, value: undefined }] };
}

/** Values are tokens, so that none needs quotes. */
function written({ name, parameters }: Extension): string {
  return [name, ...parameters.map((one) => (one.value === undefined ? one.name : `${one.name}=${one.value}`))].join(
    "; ",
  );
}

/** A window of 15 bits is the largest that there is, and what holds unless something is said (RFC 7692 section 7.1.2). */
function saysNothing({ name, value }: ExtensionParameter): boolean {
  return name === CLIENT_NO_TAKEOVER || (WINDOWS.has(name) && value === "15");
}

function extensionText({ name, parameters }: Extension): string {
  const kept = parameters.filter((parameter) => name !== DEFLATE || !saysNothing(parameter));
  return written({ name, parameters: kept.toSorted((one, other) => (one.name < other.name ? -1 : 1)) });
}
