import { z } from "zod";
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

/**
 * The first of the lowest, seen from behind the last pick: so equal ones take turns. The load is compared first, since
 * that rules out nearly everybody at the price of a multiplication.
 */
function pickLowest(view: PoolView, tried: readonly number[], cursor: Cursor): number {
  const { eligible, weight, load, size } = view;
  let index = cursor.start(view);
  let best = -1;
  let bestLoad = Number.POSITIVE_INFINITY;
  for (let left = size; left > 0; left -= 1) {
    if ((load[index] ?? 0) < bestLoad * (weight[index] ?? 1) && eligible[index] === 1 && !tried.includes(index)) {
      best = index;
      bestLoad = relativeLoad(view, index);
    }
    index = index + 1 === size ? 0 : index + 1;
  }
  if (best !== -1) cursor.moveBehind(best);
  return best;
}
