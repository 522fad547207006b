import { createHmac } from "node:crypto";
import { z } from "zod";
import { durationField, FairleadError, isCandidate } from "../base/index.ts";
import { headerValues, isToken, setCookie } from "../http/index.ts";
import type { RequestFacts } from "../http/index.ts";
import type { Affinity, AffinityPool } from "./affinity.ts";

/** Bytes of the HMAC that are kept: too many to guess, few enough for a short cookie. */
const TAG_BYTES = 16;

/** Longest lifetime that browsers grant (RFC 6265bis section 5.5): 400 days. */
const MAX_AGE = 400 * 86_400_000;

/** Path characters of RFC 6265: visible ones but no semicolon. */
const PATH = /^\/[!-:<-~]*$/;

/** Prefixes that browsers tie to conditions which an affinity cookie cannot always meet. */
const RESERVED_NAME = /^__(?:secure|host)-/i;

export const cookieSchema = z
  .strictObject({
    method: z.literal("cookie"),
    name: z
      .string()
      .refine(isToken, { error: 'expected a cookie name of letters, digits and "-", "_" or ".", such as "fairlead"' })
      .refine((name) => !RESERVED_NAME.test(name), {
        error: "names that begin with __Secure- or __Host- are refused by browsers on insecure connections",
      })
      .prefault("fairlead")
      .describe(
        "Name of the cookie. Pools that serve the same host need different names, or each answer of one replaces the cookie of the other.",
      ),
    path: z
      .string()
      .regex(PATH, { error: 'expected a path that begins with "/", without blanks and semicolons' })
      .prefault("/")
      .describe("Paths for which clients send the cookie: this one and those below it."),
    sameSite: z
      .enum(["strict", "lax", "none"])
      .prefault("lax")
      .describe(
        "Whether the cookie comes along when another site opens the connection: `none` always (over TLS only; elsewhere it counts as `lax`), " +
          "`lax` for links that are followed, `strict` never.",
      ),
    maxAge: z
      .union([z.literal("session"), durationField({ min: 1000, max: MAX_AGE })], {
        error: 'expected a duration such as "8h" or "30d", or "session"',
      })
      .prefault("session")
      .describe("How long clients keep the cookie, at most 400d. `session`: until the browser is closed."),
  })
  .describe("A cookie names the backend. It reveals nothing about it, and cannot be made without the secret.");

/**
 * Cookies whose value is an HMAC of pool and backend. All valid values are computed beforehand, so that a request costs
 * one look-up, and one that nobody with the secret has made is simply not found.
 *
 * @throws FairleadError CONFIG_INVALID when the secret is empty
 */
export function createCookieAffinity(options: z.output<typeof cookieSchema>, pool: AffinityPool): Affinity {
  if (pool.secret === "")
    throw new FairleadError("CONFIG_INVALID", "affinity by cookie needs a secret that is not empty");
  const values = pool.names.map((name) => cookieTag(pool, name));
  const indices = new Map(values.map((value, index) => [value, index]));
  return {
    prefer(view, facts, tried) {
      for (const value of cookieValues(facts, options.name)) {
        const index = indices.get(value);
        if (index !== undefined && isCandidate(view, index, tried)) return index;
      }
      return -1;
    },
    cookieFor(index, facts) {
      const value = values[index];
      if (value === undefined || cookieValues(facts, options.name).includes(value)) return undefined;
      return setCookie(options.name, value, attributes(options, facts.secure));
    },
  };
}

function cookieTag({ secret, pool }: AffinityPool, name: string): string {
  const text = JSON.stringify([pool, name]);
  const tag = createHmac("sha256", secret).update(text).digest();
  return tag.subarray(0, TAG_BYTES).toString("base64url");
}

function attributes(options: z.output<typeof cookieSchema>, secure: boolean) {
  const { path, sameSite, maxAge } = options;
  return {
    path,
    httpOnly: true,
    secure,
    // Browsers drop a cookie with SameSite=None that is not Secure.
    sameSite: sameSite === "none" && !secure ? ("lax" as const) : sameSite,
    maxAge: maxAge === "session" ? undefined : maxAge,
  };
}

/**
 * All values that the request carries under this name. There are several when cookies were set for different paths or
 * domains.
 */
function cookieValues(facts: RequestFacts, name: string): string[] {
  const values: string[] = [];
  for (const line of headerValues(facts.headers, "cookie")) {
    for (const pair of line.split(";")) {
      const equals = pair.indexOf("=");
      if (equals > 0 && pair.slice(0, equals).trim() === name) values.push(pair.slice(equals + 1).trim());
    }
  }
  return values;
}
