import { formatDuration } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { OutlierOptions } from "./options-outliers.ts";
import { wholesOf } from "./share.ts";
import type { Sketch } from "./sketch.ts";
import type { VitalsSum } from "./vitals.ts";

/** A backend that does worse than the others of its pool. */
export interface Outlier {
  readonly backend: string;
  /** What stands out, for people. */
  readonly reason: string;
  /** How many times as bad as it takes; the worst goes first. */
  readonly excess: number;
}

/**
 * Who stands out, the worst first. Each backend is compared with the median of the others of which enough is known;
 * where there are none, nobody stands out.
 *
 * @param sums of the backends that are healthy, by name
 */
export function findOutliers(sums: ReadonlyMap<string, VitalsSum>, options: OutlierOptions): Outlier[] {
  const found = [
    ...byFailures(sums, options),
    ...bySlowness("handshakes", timesOf(sums, "handshakes", options), options),
    ...bySlowness("heartbeats", timesOf(sums, "rtts", options), options),
  ].toSorted((one, other) => other.excess - one.excess);
  const first = new Map<string, Outlier>();
  for (const outlier of found) if (!first.has(outlier.backend)) first.set(outlier.backend, outlier);
  return [...first.values()];
}

/**
 * How many backends may be ejected besides those that are out already.
 *
 * @param backends how many the pool has
 * @param out how many of them are ejected or unhealthy
 */
export function ejectionsLeft(backends: number, out: number, { maxEjected }: OutlierOptions): number {
  return Math.max(0, mayBeOut(backends, maxEjected) - out);
}

/** With one backend nobody may be out; with several, one may always be, but never all. */
function mayBeOut(backends: number, maxEjected: number): number {
  if (backends < 2) return 0;
  return Math.min(backends - 1, Math.max(1, wholesOf(maxEjected, backends)));
}

function byFailures(sums: ReadonlyMap<string, VitalsSum>, { failures, minSamples }: OutlierOptions): Outlier[] {
  const { share, factor } = failures;
  const judged = [...sums].filter(([, { samples }]) => samples >= minSamples);
  const values = new Map(judged.map(([backend, { failureShare }]) => [backend, failureShare]));
  return standingOut(values, factor, share).map(({ backend, value, median, excess }) => ({
    backend,
    reason: `${percent(value)} failures, the others ${percent(median)}`,
    excess,
  }));
}

function bySlowness(what: string, values: ReadonlyMap<string, Milliseconds>, { slowness }: OutlierOptions): Outlier[] {
  return standingOut(values, slowness.factor, slowness.minimum).map(({ backend, value, median, excess }) => ({
    backend,
    reason: `${what} are answered after ${roundly(value)}, by the others after ${roundly(median)} (medians)`,
    excess,
  }));
}

function timesOf(
  sums: ReadonlyMap<string, VitalsSum>,
  measure: "handshakes" | "rtts",
  { minSamples }: OutlierOptions,
): ReadonlyMap<string, Milliseconds> {
  const known = [...sums].flatMap(([backend, sum]): [string, Milliseconds][] => {
    const sketch: Sketch = sum[measure];
    const median = sketch.size >= minSamples ? sketch.median() : undefined;
    return median === undefined ? [] : [[backend, median]];
  });
  return new Map(known);
}

function standingOut(values: ReadonlyMap<string, number>, factor: number, floor: number) {
  return [...values].flatMap(([backend, value]) => {
    const median = medianOf([...values].flatMap(([other, theirs]) => (other === backend ? [] : [theirs])));
    if (median === undefined) return [];
    const bound = Math.max(floor, factor * median);
    return value >= bound && value > median ? [{ backend, value, median, excess: value / (bound || 1) }] : [];
  });
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function roundly(time: Milliseconds): string {
  return time < 1 ? "less than 1ms" : formatDuration(Math.round(time));
}
