import { type Bytes, FairleadError } from "../base/index.ts";
import type { RequestHead, ResponseHead } from "./head.ts";
import { isFieldValue, isToken } from "./syntax.ts";

/** Largest head of a backend's answer. Four times what Node takes: answers may set many cookies. */
export const MAX_RESPONSE_HEAD_SIZE: Bytes = 65_536;

/** Most header lines in a backend's answer. */
export const MAX_RESPONSE_HEADERS = 256;

const CR = 13;
const LF = 10;
const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\u0021-\u007e]+) HTTP\/1\.1$/;
const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/s;

/**
 * Finds where a head ends.
 *
 * Ends made of bare LF are found as well, so that such a head reaches the parser and is refused instead of waited for.
 *
 * @param bytes begins with the head
 * @param from how many bytes an earlier call has looked at without success
 * @returns index behind the blank line, or -1 when it has not come yet
 */
export function findHeadEnd(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(LF, Math.max(0, from - 3));
  while (at !== -1) {
    if (bytes[at + 1] === LF) {
      return at + 2;
    }
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) {
      return at + 3;
    }
    at = bytes.indexOf(LF, at + 1);
  }
  return -1;
}

/**
 * Reads the head of a backend's answer strictly (RFC 9112 sections 4 and 5): CRLF only, no folded lines, no blank before
 * a colon, names are tokens, values without control characters. Bytes are read as latin1.
 *
 * @param end index behind the blank line, as {@link findHeadEnd} gives it
 * @throws FairleadError BACKEND_BAD_HEAD
 */
export function parseResponseHead(bytes: Uint8Array, end: number): ResponseHead {
  if (end > MAX_RESPONSE_HEAD_SIZE) {
    throw badHead(`it is larger than ${MAX_RESPONSE_HEAD_SIZE} bytes`);
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1");
  if (!text.endsWith("\r\n\r\n")) {
    throw badHead("its lines do not end with CRLF");
  }
  const lines = text.slice(0, -4).split("\r\n");
  const [, minor, status, reason = ""] = statusLine.exec(lines[0] ?? "") ?? [];
  if (status === undefined || status.startsWith("0") || !isFieldValue(reason)) {
    throw badHead("it does not begin with a status line of HTTP/1.1 or HTTP/1.0");
  }
  if (lines.length > MAX_RESPONSE_HEADERS + 1) {
    throw badHead(`it has more than ${MAX_RESPONSE_HEADERS} headers`);
  }
  const headers: string[] = [];
  const problem = readLines(lines, headers);
  if (problem !== undefined) throw badHead(problem);
  return { version: `1.${minor}`, status: Number(status), reason, headers };
}

/**
 * Reads the head of a request, as strictly as {@link parseResponseHead} that of an answer.
 *
 * @param bytes begins with the head
 * @param end index behind the blank line, as {@link findHeadEnd} gives it
 * @returns undefined unless it is beyond doubt a good head of HTTP/1.1: then somebody else has to see what is wrong with it
 */
export function readRequestHead(bytes: Uint8Array, end: number): RequestHead | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1");
  if (!text.endsWith("\r\n\r\n")) return undefined;
  const lines = text.slice(0, -4).split("\r\n");
  const [, method, target] = requestLine.exec(lines[0] ?? "") ?? [];
  const headers: string[] = [];
  if (method === undefined || target === undefined || readLines(lines, headers) !== undefined) return undefined;
  return { method, target, version: "1.1", headers };
}

/**
 * Reads the header lines behind a start line.
 *
 * @param into gets name, value, name, value ...
 * @returns what is wrong with one of them, if anything is
 */
function readLines(lines: readonly string[], into: string[]): string | undefined {
  for (let at = 1; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    if (!isToken(name)) return "a header line has no valid name, is folded, or has a blank before its colon";
    const value = withoutBlanks(line, colon + 1);
    if (!isFieldValue(value)) return `the value of ${name} holds control characters`;
    into.push(name, value);
  }
  return undefined;
}

/** What stands from `from` on, without spaces and tabs around it. */
function withoutBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function badHead(what: string): FairleadError {
  return new FairleadError("BACKEND_BAD_HEAD", `The head of the backend's answer is not acceptable: ${what}.`);
}
