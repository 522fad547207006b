import { FairleadError } from "../base/index.ts";
import type { RawHeaders } from "./head.ts";
import { isFieldValue, isToken } from "./syntax.ts";

const statusMin = 100;
const statusMax = 999;

/**
 * The text of a request's head, blank line included; to be written as latin1. With {@link responseHeadText} the only
 * maker of heads that leave the house.
 *
 * @throws FairleadError BAD_HEAD when a part holds CR, LF, NUL or anything else that would change the head's meaning
 */
export function requestHeadText(method: string, target: string, headers: RawHeaders): string {
  if (!isToken(method)) {
    throw badPart("method", method);
  }
  if (target === "" || target.includes(" ") || target.includes("\t") || !isFieldValue(target)) {
    throw badPart("request target", target);
  }
  return `${method} ${target} HTTP/1.1\r\n${headerLines(headers)}\r\n`;
}

/**
 * The text of a response's head, blank line included; to be written as latin1.
 *
 * @param reason may be empty
 * @throws FairleadError BAD_HEAD as {@link requestHeadText}, and for a status that is not three digits
 */
export function responseHeadText(status: number, reason: string, headers: RawHeaders): string {
  if (!Number.isInteger(status) || status < statusMin || status > statusMax) {
    throw badPart("status", String(status));
  }
  if (!isFieldValue(reason)) {
    throw badPart("reason phrase", reason);
  }
  return `HTTP/1.1 ${status} ${reason}\r\n${headerLines(headers)}\r\n`;
}

/**
 * A head with one more header at its end.
 *
 * @throws FairleadError BAD_HEAD as {@link requestHeadText}
 */
export function withHeader(head: string, name: string, value: string): string {
  return `${head.slice(0, -2)}${headerLines([name, value])}\r\n`;
}

function headerLines(headers: RawHeaders): string {
  let text = "";
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    const value = headers[at + 1];
    if (!isToken(name)) {
      throw badPart("header name", name);
    }
    if (value === undefined || !isFieldValue(value)) {
      throw badPart(`value of the header ${name}`, value ?? "");
    }
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

// The text itself is not told: it may be a secret, and what is wrong with it may break a log as well.
function badPart(part: string, text: string): FairleadError {
  return new FairleadError("BAD_HEAD", `The ${part} (${text.length} characters) must not be written into a head.`);
}
