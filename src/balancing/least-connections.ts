import { z } from "zod";
import type { Random } from "../base/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { lessLoadedOfTwo } from "./candidates.ts";
import { createCursor } from "./cursor.ts";

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
    pick(view, { tried }) {
      if (view.stale) return lessLoadedOfTwo(view, tried, random);
      // Seen from behind the last pick, so equal ones take turns.
      const index = view.leastLoaded(cursor.start(view), tried);
      if (index !== -1) cursor.moveBehind(index);
      return index;
    },
  };
}
