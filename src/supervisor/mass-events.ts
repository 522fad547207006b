import { backendKey } from "../base/index.ts";
import { totalOf } from "../metrics/index.ts";
import type { Tally } from "../metrics/index.ts";
import { TRUTH } from "../relay/index.ts";

/** So many tunnels at a time are worth an event; fewer are seen in metrics and records. */
const MASS_MIN = 10;

/** Re-homings in one pool in one stretch of time: of one tunnel there may have been several. */
export interface MassRehoming {
  readonly pool: string;
  /** Those that have led to another backend. */
  readonly rehomed: number;
  /** Those that have not, whose tunnels have ended. */
  readonly failed: number;
  /** How many for which reason. */
  readonly reasons: Readonly<Record<string, number>>;
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
 * Where there were many re-homings between two moments, or some that found no other backend.
 *
 * @param before the counts of re-homings at the first, by pool, reason and outcome
 * @param after those at the second
 */
export function massRehomings(before: Tally, after: Tally): MassRehoming[] {
  const pools = new Set(after.map(([[pool = ""]]) => pool));
  const reasons = new Set(after.map(([[, reason = ""]]) => reason));
  const found = [...pools].map((pool): MassRehoming => {
    const grown = (of: (reason: string, outcome: string) => boolean): number =>
      growth(before, after, ([name, reason = "", outcome = ""]) => name === pool && of(reason, outcome));
    const counted = Array.from(reasons, (reason) => [reason, grown((one) => one === reason)] as const);
    return {
      pool,
      rehomed: grown((_, outcome) => outcome === "rehomed"),
      failed: grown((_, outcome) => outcome === "failed"),
      reasons: Object.fromEntries(counted.filter(([, count]) => count > 0)),
    };
  });
  return found.filter(({ rehomed, failed }) => failed > 0 || rehomed >= MASS_MIN);
}

/** `40 re-homings in pool chat (backend-vanished): 38 found another backend, 2 did not, and their tunnels have ended` */
export function describeRehoming({ pool, rehomed, failed, reasons }: MassRehoming): string {
  const total = rehomed + failed;
  const what = total === 1 ? "1 re-homing" : `${total} re-homings`;
  return `${what} in pool ${pool} (${reasonsText(reasons)}): ${becameOf(rehomed, failed)}`;
}

function reasonsText(reasons: MassRehoming["reasons"]): string {
  const [first, ...others] = Object.entries(reasons).toSorted(([, a], [, b]) => b - a);
  if (first === undefined || others.length === 0) return first?.[0] ?? "";
  return [first, ...others].map(([reason, count]) => `${count} ${reason}`).join(", ");
}

function becameOf(rehomed: number, failed: number): string {
  const ended = failed === 1 ? "its tunnel has ended" : "their tunnels have ended";
  if (failed === 0) return rehomed === 1 ? "it found another backend" : "all found another backend";
  if (rehomed === 0)
    return `${failed === 1 ? "it" : "none"} found ${failed === 1 ? "no other" : "another"} backend, and ${ended}`;
  return `${rehomed} found another backend, ${failed} did not, and ${ended}`;
}

/**
 * Where many tunnels have ended with their backend between two moments.
 *
 * @param before the counts of tunnels that have ended at the first, by pool, backend, who ended them, and cause
 * @param after those at the second
 */
export function massLosses(before: Tally, after: Tally): MassLoss[] {
  const sites = new Map(after.map(([[pool = "", backend = ""]]) => [backendKey(pool, backend), { pool, backend }]));
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
