import { seededRandom } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";

/** How values are spread around their mean. */
export type Spread =
  /** All the same. */
  | "equal"
  /** Memoryless: most below the mean, few far above it. */
  | "exponential"
  /** Heavy-tailed: a fifth has most of all; cut off at {@link TAIL_MAX} times the least. */
  | "heavy";

/** Exponent of the heavy tail (Pareto). */
const TAIL = 1.2;
/** Greatest of a heavy tail, as a multiple of the least. */
const TAIL_MAX = 1000;
/** Mean of the bounded Pareto distribution whose least value is 1. */
const TAIL_MEAN = (TAIL / (TAIL - 1)) * ((1 - TAIL_MAX ** (1 - TAIL)) / (1 - TAIL_MAX ** -TAIL));
/** What is thrown away of a generator's beginning, where similar seeds give similar numbers. */
const RUN_IN = 32;

/** A repeatable source of its own for everything that is drawn, so that one kind of draw does not change another. */
export function stream(seed: number, name: number): Random {
  const random = seededRandom(seed * 7919 + name * 104_729 + 1);
  for (let i = 0; i < RUN_IN; i += 1) random();
  return random;
}

/** One value of that mean. */
export function draw(spread: Spread, mean: number, random: Random): number {
  if (spread === "equal") return mean;
  if (spread === "exponential") return -mean * Math.log(1 - random());
  // The inverse of the distribution (bounded Pareto).
  const least = mean / TAIL_MEAN;
  return least * (1 - random() * (1 - TAIL_MAX ** -TAIL)) ** (-1 / TAIL);
}

/** How many of the independent events of which `mean` are expected; by the normal distribution where there are many. */
export function drawCount(mean: number, random: Random): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let count = 0;
  for (let chance = random(); chance > Math.exp(-mean); chance *= random()) count += 1;
  return count;
}
