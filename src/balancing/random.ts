import { z } from "zod";
import { isCandidate } from "../base/index.ts";
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
    let known: PoolView | undefined;
    let revision = -1;
    let table = createAliasTable([]);
    return {
      pick(view, { tried }) {
        if (view !== known || view.revision !== revision) {
          known = view;
          revision = view.revision;
          table = createAliasTable(view.names.map((_, index) => view.weight(index)));
        }
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
  let left = random() * candidateWeight(view, tried);
  let last = -1;
  for (let i = 0; i < view.size; i += 1) {
    if (!isCandidate(view, i, tried)) continue;
    last = i;
    left -= view.weight(i);
    if (left < 0) break;
  }
  // Rounding may leave a crumb behind the last candidate; it belongs to that one.
  return last;
}
