import { createClientIpAffinity } from "./client-ip.ts";
import type { Affinity, AffinityPool } from "./affinity.ts";
import { createCookieAffinity } from "./cookie.ts";
import { createHashAffinity } from "./hash.ts";
import type { AffinityOptions } from "./options.ts";

const NO_AFFINITY: Affinity = { prefer: () => -1, cookieFor: () => undefined };

/**
 * The affinity of one pool, for as long as its membership stays; it holds no state, so a new one goes on where this one
 * was.
 */
export function createAffinity(options: AffinityOptions, pool: AffinityPool): Affinity {
  if (options.method === "none") return NO_AFFINITY;
  if (options.method === "cookie") return createCookieAffinity(options, pool);
  if (options.method === "client-ip") return createClientIpAffinity(options, pool);
  return createHashAffinity(options, pool);
}
