import { z } from "zod";
import type { Random } from "../base/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { lessLoadedOfTwo } from "./candidates.ts";

const schema = z
  .strictObject({ method: z.literal("two-choices") })
  .describe(
    "The less loaded, for its weight, of two backends drawn at random. Spreads well even on counts that lag behind.",
  );

/** Power of two choices. */
export const twoChoices = {
  schema,
  needs: { key: false },
  usesWeights: true,
  create: (_options: unknown, random: Random): Balancer => ({
    pick: (view, { tried }) => lessLoadedOfTwo(view, tried, random),
  }),
} satisfies Algorithm<z.output<typeof schema>>;
