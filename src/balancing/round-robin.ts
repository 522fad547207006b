import { z } from "zod";
import { isCandidate } from "../base/index.ts";
import type { Random } from "../base/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { createCursor } from "./cursor.ts";

const schema = z
  .strictObject({ method: z.literal("round-robin") })
  .describe("One backend after the other, whatever their weights and loads.");

/** One candidate after the other. */
export const roundRobin = {
  schema,
  needs: { key: false },
  usesWeights: false,
  create(_options: unknown, random: Random): Balancer {
    const cursor = createCursor(random);
    return {
      pick(view, { tried }) {
        const start = cursor.start(view);
        for (let step = 0; step < view.size; step += 1) {
          const index = start + step < view.size ? start + step : start + step - view.size;
          if (!isCandidate(view, index, tried)) continue;
          cursor.moveBehind(index);
          return index;
        }
        return -1;
      },
    };
  },
} satisfies Algorithm<z.output<typeof schema>>;
