import type { ScenarioResult, Standing } from "../contest.ts";
import { type Spread, spreadOf } from "../measure/statistics.ts";
import type { Family } from "../proxies/variant.ts";
import type { Metric } from "../scenarios/scenario.ts";

/** A figure over the rounds. */
export function figure(standing: Standing, key: string): Spread | undefined {
  return spreadOf(standing.samples.flatMap((readings) => readings[key] ?? []).filter((value) => !Number.isNaN(value)));
}

/** The standing of one contestant. */
export function standingOf(result: ScenarioResult, id: string): Standing | undefined {
  return result.standings.find(({ variant }) => variant.id === id);
}

/** The best median of a family: as it comes or tuned, whichever is better, and of several the best. */
export function bestOf(
  result: ScenarioResult,
  metric: Metric,
  families: readonly Family[],
): { id: string; median: number } | undefined {
  let best: { id: string; median: number } | undefined;
  for (const standing of result.standings) {
    const median = figure(standing, metric.key)?.median;
    if (median === undefined || !families.includes(standing.variant.family)) continue;
    const better = best === undefined || (metric.better === "lower" ? median < best.median : median > best.median);
    if (better) best = { id: standing.variant.id, median };
  }
  return best;
}

/** fairlead over the other; undefined where one has no figure (or none above zero), and for fairlead itself. */
export function ratioTo(result: ScenarioResult, metric: Metric, other: Standing): number | undefined {
  if (other.variant.id === "fairlead") return undefined;
  const fairlead = standingOf(result, "fairlead");
  const mine = fairlead && figure(fairlead, metric.key)?.median;
  const theirs = figure(other, metric.key)?.median;
  return mine === undefined || theirs === undefined || !(theirs > 0) ? undefined : mine / theirs;
}
