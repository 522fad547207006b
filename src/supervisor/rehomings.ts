import { totalOf } from "../metrics/index.ts";
import type { Tally } from "../metrics/index.ts";

/** So many tunnels of a pool at a time are worth an event; fewer are seen in metrics and records. */
const MASS_MIN = 10;

/** Tunnels of one pool that have left their backends in one stretch of time. */
export interface MassRehoming {
  readonly pool: string;
  /** Those that have got another backend. */
  readonly rehomed: number;
  /** Those that have not, and have ended. */
  readonly failed: number;
}

/**
 * Where many tunnels have left their backends between two moments.
 *
 * @param before the counts of re-homings at the first, by pool, reason and outcome
 * @param after those at the second
 */
export function massRehomings(before: Tally, after: Tally): MassRehoming[] {
  const pools = new Set(after.map(([[pool = ""]]) => pool));
  const found = [...pools].map((pool) => {
    const grown = (wanted: string): number => {
      const count = (tally: Tally): number =>
        totalOf(tally, ([name, , outcome]) => name === pool && outcome === wanted);
      return Math.max(0, count(after) - count(before));
    };
    return { pool, rehomed: grown("rehomed"), failed: grown("failed") };
  });
  return found.filter(({ rehomed, failed }) => rehomed + failed >= MASS_MIN);
}
