import { FairleadError, type Milliseconds } from "../base/index.ts";
import { headerValues, type RawHeaders } from "./head.ts";
import { isToken } from "./syntax.ts";

/** Attributes of a cookie that is set (RFC 6265 section 4.1). */
export interface CookieAttributes {
  readonly path?: string | undefined;
  readonly domain?: string | undefined;
  /** How long the client keeps it, rounded down to seconds; without it until the browser's session ends. */
  readonly maxAge?: Milliseconds | undefined;
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
  readonly secure?: boolean | undefined;
  readonly httpOnly?: boolean | undefined;
  readonly partitioned?: boolean | undefined;
}

const sameSiteNames = { strict: "Strict", lax: "Lax", none: "None" } as const;
// cookie-octet of RFC 6265 section 4.1.1: no blanks, quotes, commas, semicolons or backslashes.
const cookieValue = /^[!#-+\--:<-[\]-~]*$/;
const attributeValue = /^[ -:<-~]+$/;

/**
 * The cookies that a request carries, over all Cookie lines: name to value as sent, neither decoded nor unquoted. Of
 * several with one name the first counts, since browsers send the one with the longer path first.
 */
export function parseCookies(headers: RawHeaders): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const line of headerValues(headers, "cookie")) {
    for (const pair of line.split(";")) {
      const equals = pair.indexOf("=");
      const name = pair.slice(0, Math.max(equals, 0)).trim();
      if (name !== "" && !cookies.has(name)) {
        cookies.set(name, pair.slice(equals + 1).trim());
      }
    }
  }
  return cookies;
}

/**
 * The value of a Set-Cookie header.
 *
 * @throws FairleadError BAD_HEAD when a part holds what a cookie cannot hold; nothing is escaped
 */
export function setCookie(name: string, value: string, attributes: CookieAttributes = {}): string {
  if (!isToken(name) || !cookieValue.test(value)) {
    throw new FairleadError(
      "BAD_HEAD",
      `The cookie ${JSON.stringify(name)} holds characters that a cookie cannot hold.`,
    );
  }
  const { path, domain, maxAge, sameSite } = attributes;
  let text = `${name}=${value}`;
  text += path === undefined ? "" : `; Path=${attribute(path)}`;
  text += domain === undefined ? "" : `; Domain=${attribute(domain)}`;
  text += maxAge === undefined ? "" : `; Max-Age=${Math.floor(maxAge / 1000)}`;
  text += attributes.httpOnly === true ? "; HttpOnly" : "";
  text += attributes.secure === true ? "; Secure" : "";
  text += sameSite === undefined ? "" : `; SameSite=${sameSiteNames[sameSite]}`;
  text += attributes.partitioned === true ? "; Partitioned" : "";
  return text;
}

function attribute(value: string): string {
  if (!attributeValue.test(value)) {
    throw new FairleadError(
      "BAD_HEAD",
      `The cookie attribute ${JSON.stringify(value)} holds characters it cannot hold.`,
    );
  }
  return value;
}
