import { z } from "zod";
import { parseCookies } from "./cookies.ts";
import type { RequestFacts } from "./facts.ts";
import { headerValue } from "./head.ts";
import { isToken } from "./syntax.ts";

const MAX_SEGMENTS = 32;

const headerName = z.string().refine(isToken, "expected the name of a header, such as X-Room");
const cookieName = z.string().refine(isToken, "expected the name of a cookie, such as session");

const forms =
  '"path" (all of it), "client-ip", { path: { segments: N } }, { query: NAME }, { header: NAME } or { cookie: NAME }';

/** What of a request is hashed: the configuration's `by`. */
export const requestKeySchema = z
  .union(
    [
      z.enum(["path", "client-ip"]),
      z.strictObject({
        path: z.strictObject({
          segments: z
            .int()
            .min(1)
            .max(MAX_SEGMENTS)
            .describe(
              "How many segments of the path count, from the left: paths that agree in them meet on one backend.",
            ),
        }),
      }),
      z.strictObject({ query: z.string().min(1).describe("Name of the query parameter whose value counts.") }),
      z.strictObject({ header: headerName.describe("Name of the header whose first value counts, in any case.") }),
      z.strictObject({ cookie: cookieName.describe("Name of the cookie whose value counts.") }),
    ],
    { error: `expected ${forms}` },
  )
  .describe(`What of a request is hashed: ${forms}. A request that does not carry it has no preference.`);

/** What of a request is hashed, validated. */
export type RequestKey = z.infer<typeof requestKeySchema>;

/**
 * The text that a request is hashed by; undefined when the request does not carry it, or carries it empty. Paths count
 * as sent; parameters of the query are decoded, so that `a+b` and `a%20b` are one value.
 */
export function requestKey(by: RequestKey, facts: RequestFacts): string | undefined {
  const value = readKey(by, facts);
  return value === "" ? undefined : value;
}

function readKey(by: RequestKey, facts: RequestFacts): string | undefined {
  if (by === "path") {
    return facts.path;
  }
  if (by === "client-ip") {
    return facts.clientAddress;
  }
  if ("path" in by) {
    return firstSegments(facts.path, by.path.segments);
  }
  if ("query" in by) {
    return facts.query === "" ? undefined : (new URLSearchParams(facts.query).get(by.query) ?? undefined);
  }
  if ("header" in by) {
    return headerValue(facts.headers, by.header);
  }
  return parseCookies(facts.headers).get(by.cookie);
}

// Doubled and trailing slashes do not make another room of the same name.
function firstSegments(path: string, count: number): string {
  const segments = path.split("/").filter((segment) => segment !== "");
  return `/${segments.slice(0, count).join("/")}`;
}
