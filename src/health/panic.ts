import type { HealthOptions } from "./options.ts";
import { wholesOf } from "./share.ts";

/**
 * Whether so few of a pool's backends are well that all are tried rather than none.
 *
 * @param backends how many the pool has that are not drained
 * @param well how many of them are
 */
export function panics(backends: number, well: number, { panic }: HealthOptions): boolean {
  return panic !== "off" && backends > 0 && well < backends && well <= wholesOf(panic, backends);
}
