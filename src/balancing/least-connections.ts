import { z } from "zod";
import { isCandidate } from "../base/index.ts";
import type { PoolView, Random } from "../base/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { lessLoadedOfTwo, relativeLoad } from "./candidates.ts";
import { createCursor } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";

const schema = z
  .strictObject({ method: z.literal("least-connections") })
  .describe("The backend with the fewest open tunnels and requests for its weight, counted over all workers.");

/** The lowest relative load, equal ones in turn. */
export const leastConnections = {
  schema,
  needs: { key: false },
  usesWeights: true,
  create: (_options: unknown, random: Random): Balancer => createLeastConnections(random),
} satisfies Algorithm<z.output<typeof schema>>;

/**
 * While the counts lag behind other workers, everybody would run to the same backend that was the emptiest a moment
 * ago; then the less loaded of two drawn at random is taken, which needs no fresh counts to spread well.
 */
export function createLeastConnections(random: Random): Balancer {
  const cursor = createCursor(random);
  return {
    pick: (view, { tried }) => (view.stale ? lessLoadedOfTwo(view, tried, random) : pickLowest(view, tried, cursor)),
  };
}

/** The first of the lowest, seen from behind the last pick: so equal ones take turns. */
function pickLowest(view: PoolView, tried: readonly number[], cursor: Cursor): number {
  const start = cursor.start(view);
  const behind = lowestWithin(view, tried, start, view.size, -1);
  const best = lowestWithin(view, tried, 0, start, behind);
  if (best !== -1) cursor.moveBehind(best);
  return best;
}

/** The lowest of the candidates from `from` to before `to`, and of `rival`, which wins when it is as low. */
function lowestWithin(view: PoolView, tried: readonly number[], from: number, to: number, rival: number): number {
  let best = rival;
  let bestLoad = rival === -1 ? Number.POSITIVE_INFINITY : relativeLoad(view, rival);
  for (let index = from; ; index += 1) {
    index = firstBelow(view, bestLoad, index, to);
    if (index === to) return best;
    if (!isCandidate(view, index, tried)) continue;
    best = index;
    bestLoad = relativeLoad(view, index);
  }
}

/**
 * The first eligible backend from `from` on whose relative load is below `bound`; `to` when there is none. Hot: looks at
 * four in each round, which halves what a round costs.
 */
function firstBelow({ load, weight, eligible }: PoolView, bound: number, from: number, to: number): number {
  let i = from;
  for (; i + 4 <= to; i += 4) {
    if (isBelow(load, weight, eligible, bound, i)) return i;
    if (isBelow(load, weight, eligible, bound, i + 1)) return i + 1;
    if (isBelow(load, weight, eligible, bound, i + 2)) return i + 2;
    if (isBelow(load, weight, eligible, bound, i + 3)) return i + 3;
  }
  for (; i < to; i += 1) if (isBelow(load, weight, eligible, bound, i)) return i;
  return to;
}

/** The load is compared first, since that rules out nearly everybody at the price of a multiplication. */
function isBelow(load: Int32Array, weight: Float64Array, eligible: Uint8Array, bound: number, i: number): boolean {
  return (load[i] ?? 0) < bound * (weight[i] ?? 1) && eligible[i] === 1;
}
