import { isCandidate, relativeLoad } from "../base/index.ts";
import type { PoolView, Random } from "../base/index.ts";

/** Sum of the candidates' weights; 0 exactly when there is none. */
export function candidateWeight(view: PoolView, tried: readonly number[]): number {
  if (tried.length === 0) return view.eligibleWeight;
  let total = 0;
  for (let i = 0; i < view.size; i += 1) if (isCandidate(view, i, tried)) total += view.weight(i);
  return total;
}

/** Blind draws before all backends are looked at; where most are candidates, one or two of them are enough. */
const MAX_BLIND_DRAWS = 8;

/** Any candidate but `except`, each with the same chance; -1 when there is none. */
function drawCandidate(view: PoolView, tried: readonly number[], random: Random, except: number): number {
  for (let draws = 0; draws < MAX_BLIND_DRAWS; draws += 1) {
    const index = Math.floor(random() * view.size);
    if (index !== except && isCandidate(view, index, tried)) return index;
  }
  let chosen = -1;
  let seen = 0;
  for (let i = 0; i < view.size; i += 1) {
    if (i === except || !isCandidate(view, i, tried)) continue;
    seen += 1;
    // The n-th candidate replaces the one held with a chance of 1/n: in the end all had the same.
    if (random() * seen < 1) chosen = i;
  }
  return chosen;
}

/** What backends are compared by: the less the better. */
type Cost = (view: PoolView, index: number) => number;

/**
 * The cheaper of two different candidates drawn at random (Mitzenmacher 2001); the first drawn when both are equal, the
 * only one when there is one.
 *
 * @returns index of a backend, or -1 when there is no candidate
 */
export function cheaperOfTwo(view: PoolView, tried: readonly number[], random: Random, cost: Cost): number {
  const first = drawCandidate(view, tried, random, -1);
  const second = drawCandidate(view, tried, random, first);
  if (second === -1) return first;
  return cost(view, second) < cost(view, first) ? second : first;
}

/** {@link cheaperOfTwo} by load. */
export function lessLoadedOfTwo(view: PoolView, tried: readonly number[], random: Random): number {
  return cheaperOfTwo(view, tried, random, relativeLoad);
}

/**
 * The cheapest candidate; of equal ones the first from index `from` on, behind the last the first again. Looks at all.
 *
 * @returns index of a backend, or -1 when there is no candidate
 */
export function cheapest(view: PoolView, tried: readonly number[], from: number, cost: Cost): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < view.size; step += 1) {
    const index = from + step < view.size ? from + step : from + step - view.size;
    if (!isCandidate(view, index, tried)) continue;
    const found = cost(view, index);
    if (best !== -1 && found >= least) continue;
    best = index;
    least = found;
  }
  return best;
}
