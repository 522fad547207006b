import { totalOf } from "../metrics/index.ts";
import type { Tally } from "../metrics/index.ts";
import { TRUTH } from "../relay/index.ts";

/** So many tunnels at a time are worth an event; fewer are seen in metrics and records. */
const MASS_MIN = 10;

/** Tunnels of one pool that have left their backends in one stretch of time. */
export interface MassRehoming {
  readonly pool: string;
  /** Those that have got another backend. */
  readonly rehomed: number;
  /** Those that have not, and have ended. */
  readonly failed: number;
}

/** Tunnels that have ended with their backend in one stretch of time. */
export interface MassLoss {
  readonly pool: string;
  readonly backend: string;
  readonly lost: number;
}

/** Ends of tunnels that are their backend's failure. */
const LOSSES: ReadonlySet<string> = new Set(
  Object.entries(TRUTH).flatMap(([cause, { health }]) => (health === "success" || health === "none" ? [] : [cause])),
);

/**
 * Where many tunnels have left their backends between two moments.
 *
 * @param before the counts of re-homings at the first, by pool, reason and outcome
 * @param after those at the second
 */
export function massRehomings(before: Tally, after: Tally): MassRehoming[] {
  const pools = new Set(after.map(([[pool = ""]]) => pool));
  const found = [...pools].map((pool) => {
    const grown = (wanted: string): number =>
      growth(before, after, ([name, , outcome]) => name === pool && outcome === wanted);
    return { pool, rehomed: grown("rehomed"), failed: grown("failed") };
  });
  return found.filter(({ rehomed, failed }) => rehomed + failed >= MASS_MIN);
}

/**
 * Where many tunnels have ended with their backend between two moments.
 *
 * @param before the counts of tunnels that have ended at the first, by pool, backend, who ended them, and cause
 * @param after those at the second
 */
export function massLosses(before: Tally, after: Tally): MassLoss[] {
  const sites = new Map(
    after.map(([[pool = "", backend = ""]]) => [JSON.stringify([pool, backend]), { pool, backend }]),
  );
  const found = [...sites.values()].map(({ pool, backend }) => {
    const isLoss = ([name, of, , cause = ""]: readonly string[]): boolean =>
      name === pool && of === backend && LOSSES.has(cause);
    return { pool, backend, lost: growth(before, after, isLoss) };
  });
  return found.filter(({ lost }) => lost >= MASS_MIN);
}

/** By how much the sum of some counts has grown; 0 when those of a crashed worker are gone. */
function growth(before: Tally, after: Tally, counts: (labels: readonly string[]) => boolean): number {
  return Math.max(0, totalOf(after, counts) - totalOf(before, counts));
}
