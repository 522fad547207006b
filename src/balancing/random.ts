import { z } from "zod";
import type { PoolView, Random } from "../base/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { candidateWeight } from "./candidates.ts";

const schema = z
  .strictObject({ method: z.literal("random") })
  .describe("Any backend, with a chance as its weight says. Keeps no state; even only over many connections.");

/** A draw weighted by the backends' weights. */
export const randomChoice = {
  schema,
  needs: { key: false },
  usesWeights: true,
  create: (_options: unknown, random: Random): Balancer => ({ pick: (view, { tried }) => draw(view, tried, random) }),
} satisfies Algorithm<z.output<typeof schema>>;

function draw(view: PoolView, tried: readonly number[], random: Random): number {
  const { eligible, weight, size } = view;
  let left = random() * candidateWeight(view, tried);
  let last = -1;
  for (let i = 0; i < size; i += 1) {
    if (eligible[i] !== 1 || (tried.length !== 0 && tried.includes(i))) continue;
    last = i;
    left -= weight[i] ?? 0;
    if (left < 0) break;
  }
  // Rounding may leave a crumb behind the last candidate; it belongs to that one.
  return last;
}
