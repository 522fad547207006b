import { z } from "zod";
import type { PoolView } from "../base/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { candidateWeight } from "./candidates.ts";

const schema = z
  .strictObject({ method: z.literal("weighted-round-robin") })
  .describe("Backends in turn, each as often as its weight says, and spread evenly rather than in bursts.");

/**
 * Smooth weighted round robin. Every backend has a credit. At each pick every candidate earns its weight, the richest
 * is chosen and pays what all of them earned together. So credits sum up to 0, nobody waits for long, and with constant
 * weights the order repeats after as many picks as the (coprime) weights sum up to.
 */
export const weightedRoundRobin = {
  schema,
  needs: { key: false },
  usesWeights: true,
  create(): Balancer {
    const ledger = new Ledger();
    return {
      pick(view, { tried }) {
        const total = candidateWeight(view, tried);
        if (total === 0) return -1;
        ledger.adopt(view.names);
        ledger.rescale(total);
        return ledger.pick(view, tried, total);
      },
    };
  },
} satisfies Algorithm<z.output<typeof schema>>;

/** The credits of one pool's backends. */
class Ledger {
  #names: readonly string[] = [];
  #credits = new Float64Array(0);
  #total = 0;

  /** Keeps the credits of backends that stay when the membership changes; new ones start with none. */
  adopt(names: readonly string[]): void {
    if (names === this.#names) return;
    const known = new Map(this.#names.map((name, index) => [name, this.#credits[index] ?? 0]));
    this.#credits = Float64Array.from(names, (name) => known.get(name) ?? 0);
    this.#names = names;
  }

  /**
   * A pick costs the sum of the candidates' weights. When that changes, credits are converted, so that they stay worth
   * the same number of picks: what was earned under great weights must not rule for long under small ones.
   */
  rescale(total: number): void {
    if (total === this.#total) return;
    const factor = this.#total === 0 ? 1 : total / this.#total;
    for (let i = 0; i < this.#credits.length; i += 1) this.#credits[i] = (this.#credits[i] ?? 0) * factor;
    this.#total = total;
  }

  pick({ eligible, weight, size }: PoolView, tried: readonly number[], total: number): number {
    const credits = this.#credits;
    let best = -1;
    let bestCredit = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < size; i += 1) {
      if (eligible[i] !== 1 || (tried.length !== 0 && tried.includes(i))) continue;
      const credit = (credits[i] ?? 0) + (weight[i] ?? 0);
      credits[i] = credit;
      if (credit > bestCredit) {
        best = i;
        bestCredit = credit;
      }
    }
    credits[best] = bestCredit - total;
    return best;
  }
}
