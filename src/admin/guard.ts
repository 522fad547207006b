import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

import type { AdminConfig } from "../config/index.ts";
import { hostProblem, parseAuthority } from "../http/index.ts";

import { Refusal } from "./errors.ts";

/** Keeps out whoever must not use the admin API. All throw {@link Refusal}. */
export interface Guard {
  /**
   * A page of somebody else's can make its own name point to this machine (DNS rebinding), and browsers then take it for
   * ours. What they cannot change is the name in Host. @throws 400, 421
   */
  checkHost(request: IncomingMessage): void;
  /** Whether the token was shown, where there is one. @throws 401 */
  checkToken(request: IncomingMessage): void;
  /**
   * Pages of other origins can make browsers send requests here. Reading needs no check, since they cannot see the
   * answers; changing does. @throws 403
   */
  checkOrigin(request: IncomingMessage): void;
}

const CHALLENGE = 'Bearer realm="fairlead"';

/** What Sec-Fetch-Site says of requests that our own pages make, and of those that no page makes. */
const OWN_SITES: ReadonlySet<string> = new Set(["same-origin", "none"]);

/** Makes the guard of one admin listener. */
export function createGuard({ host, hosts, token }: AdminConfig): Guard {
  const names = new Set(["localhost", host, ...hosts].map((name) => name.toLowerCase()));
  const secret = token === undefined ? undefined : digest(token);
  return {
    checkHost(request) {
      const problem = hostProblem({
        method: "GET",
        target: request.url ?? "",
        version: request.httpVersion,
        headers: request.rawHeaders,
      });
      if (problem !== undefined) throw new Refusal("BAD_REQUEST", problem);
      const called = parseAuthority(request.headers.host ?? "")?.host ?? "";
      // An address cannot be made to point elsewhere.
      if (names.has(called) || isIP(called.replaceAll(/^\[|\]$/g, "")) !== 0) return;
      const known = [...names].filter((name) => isIP(name) === 0).join(", ");
      const advice = `call it by its address or as ${known}, or add the name to admin.hosts`;
      throw new Refusal("MISDIRECTED", `The admin API is not called ${JSON.stringify(called)}; ${advice}.`);
    },
    checkToken({ headers: { authorization } }) {
      if (secret === undefined) return;
      const shown = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
      // Digests have one length, and comparing them takes one time, whatever was shown.
      if (shown !== undefined && timingSafeEqual(digest(shown), secret)) return;
      const wrong = authorization === undefined ? "" : ', error="invalid_token"';
      const message = "The admin API needs its token: send Authorization: Bearer TOKEN.";
      throw new Refusal("UNAUTHORIZED", message, { "WWW-Authenticate": `${CHALLENGE}${wrong}` });
    },
    checkOrigin({ headers }) {
      const { origin, host: called = "" } = headers;
      const site = headers["sec-fetch-site"];
      if (origin !== undefined && !isOwn(origin, called)) {
        throw new Refusal("FORBIDDEN", `Pages of ${JSON.stringify(origin)} may not change anything here.`);
      }
      if (site !== undefined && !OWN_SITES.has(site)) {
        throw new Refusal("FORBIDDEN", "Pages of other sites may not change anything here.");
      }
    },
  };
}

/** Whether an Origin is that of our own pages. The scheme may be another: something in front may speak TLS for us. */
function isOwn(origin: string, called: string): boolean {
  if (!/^https?:\/\//.test(origin)) return false;
  const ours = `${origin.slice(0, origin.indexOf(":"))}://${called}`;
  return URL.canParse(origin) && URL.canParse(ours) && new URL(origin).host === new URL(ours).host;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
