import { z } from "zod";
import { createWatch, isCandidate } from "../base/index.ts";
import type { PoolView, Random } from "../base/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { createAliasTable } from "./alias.ts";
import { candidateWeight } from "./candidates.ts";

const schema = z
  .strictObject({ method: z.literal("random") })
  .describe("Any backend, with a chance as its weight says. Keeps no state; even only over many connections.");

/** Blind draws before the chances of all candidates are added up; where most are candidates, one or two are enough. */
const MAX_BLIND_DRAWS = 16;

/** A draw weighted by the backends' weights. */
export const randomChoice = {
  schema,
  needs: { key: false },
  usesWeights: true,
  create(_options: unknown, random: Random): Balancer {
    const weightChanged = createWatch();
    let table = createAliasTable(new Float64Array(0), 0);
    return {
      pick(view, { tried }) {
        if (weightChanged(view.weight, view.size)) table = createAliasTable(view.weight, view.size);
        for (let draws = 0; draws < MAX_BLIND_DRAWS; draws += 1) {
          const index = table.draw(random());
          // Who is drawn again because somebody was no candidate draws among the candidates, each with its chance.
          if (isCandidate(view, index, tried)) return index;
        }
        return drawCandidate(view, tried, random);
      },
    };
  },
} satisfies Algorithm<z.output<typeof schema>>;

/** A draw among the candidates alone; -1 when there is none. */
function drawCandidate(view: PoolView, tried: readonly number[], random: Random): number {
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
