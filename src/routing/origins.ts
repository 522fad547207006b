import { z } from "zod";

/** Scheme, host with or without `*.` before it, and perhaps a port: an origin as browsers write it (RFC 6454 section 6.2). */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/(\*\.)?[a-z\d][a-z\d._-]*(:\d{1,5})?$|^https?:\/\/\[[\da-f:.]+\](:\d{1,5})?$/;
const WILDCARD = "://*.";

/** Which web pages may open sockets: `any`, or a list of origins. */
export const originsSchema = z.union([
  z.literal("any"),
  z.array(
    z.string().regex(ORIGIN, {
      error: 'expected an origin in lower case such as "https://app.example.com" or "https://*.example.com"',
    }),
  ),
]);

/** Validated origins. */
export type Origins = z.output<typeof originsSchema>;

/** Tells of an Origin header whether its page may open a socket. */
export type OriginCheck = (origin: string) => boolean;

/** Compiles the list once. */
export function createOriginCheck(origins: Origins): OriginCheck {
  if (origins === "any") return () => true;
  const exact = new Set(origins.filter((origin) => !origin.includes(WILDCARD)));
  const wildcards = origins.filter((origin) => origin.includes(WILDCARD)).map(splitWildcard);
  return (origin) => {
    const lower = origin.toLowerCase();
    if (exact.has(lower)) return true;
    return wildcards.some(({ scheme, suffix }) => {
      const hasBoth = lower.startsWith(scheme) && lower.endsWith(suffix);
      return hasBoth && lower.length > scheme.length + suffix.length;
    });
  };
}

/** `https://*.example.com:8443` is `https://`, anything, `.example.com:8443`. */
function splitWildcard(origin: string): { readonly scheme: string; readonly suffix: string } {
  const star = origin.indexOf("*");
  return { scheme: origin.slice(0, star), suffix: origin.slice(star + 1) };
}
