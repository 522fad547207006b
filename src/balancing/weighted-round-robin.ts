import { z } from "zod";
import { isCandidate } from "../base/index.ts";
import type { PoolView } from "../base/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { candidateWeight } from "./candidates.ts";
import { addMember, sinkFirst } from "./richest.ts";
import type { WeightClass } from "./richest.ts";

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
      pick: (view, { tried }) => (tried.length === 0 ? ledger.pick(view) : ledger.pickAgain(view, tried)),
    };
  },
} satisfies Algorithm<z.output<typeof schema>>;

/** Credits stay exact below 2^53; long before, what classes have earned is paid out to their members. */
const MAX_EARNED = 2 ** 40;

/**
 * The credits of one pool's backends. Backends of the same weight earn the same, so their order among themselves only
 * changes when one of them pays: a pick compares the richest of each weight, not all. What it costs grows with the
 * number of different weights.
 */
class Ledger {
  /** What the classes were made of. */
  #view: PoolView | undefined;
  #revision = -1;
  #names: readonly string[] = [];
  /** Without what the class has earned, for members of a class. */
  #credits = new Float64Array(0);
  #classes: WeightClass[] = [];
  /** Sum of the candidates' weights at the last pick. */
  #total = 0;

  /** Picks among all that are eligible. Hot. */
  pick(view: PoolView): number {
    if (view !== this.#view || view.revision !== this.#revision) this.#regroup(view);
    let best: WeightClass | undefined;
    let bestIndex = -1;
    let bestCredit = Number.NEGATIVE_INFINITY;
    for (const group of this.#classes) {
      group.earned += group.weight;
      const index = group.members[0] ?? -1;
      const credit = group.earned + (this.#credits[index] ?? 0);
      if (credit > bestCredit || (credit === bestCredit && index < bestIndex)) {
        best = group;
        bestIndex = index;
        bestCredit = credit;
      }
    }
    if (best === undefined) return -1;
    this.#credits[bestIndex] = (this.#credits[bestIndex] ?? 0) - this.#total;
    sinkFirst(best.members, this.#credits);
    if (best.earned > MAX_EARNED) this.#settle();
    return bestIndex;
  }

  /** Picks when some have failed for this connection: they earn nothing this time. Rare, so all are looked at. */
  pickAgain(view: PoolView, tried: readonly number[]): number {
    const total = candidateWeight(view, tried);
    if (total === 0) return -1;
    this.#settle();
    this.#adopt(view.names);
    this.#rescale(total);
    const credits = this.#credits;
    let best = -1;
    let bestCredit = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < view.size; i += 1) {
      if (!isCandidate(view, i, tried)) continue;
      const credit = (credits[i] ?? 0) + view.weight(i);
      credits[i] = credit;
      if (credit > bestCredit) {
        best = i;
        bestCredit = credit;
      }
    }
    credits[best] = bestCredit - total;
    return best;
  }

  /** Groups the eligible backends by weight. */
  #regroup(view: PoolView): void {
    this.#settle();
    this.#adopt(view.names);
    this.#rescale(view.eligibleWeight);
    const classes = new Map<number, WeightClass>();
    for (let i = 0; i < view.size; i += 1) {
      if (!view.isEligible(i)) continue;
      const weight = view.weight(i);
      const group = classes.get(weight) ?? { weight, earned: 0, members: [] };
      classes.set(weight, group);
      addMember(group.members, this.#credits, i);
    }
    this.#classes = [...classes.values()];
    this.#view = view;
    this.#revision = view.revision;
  }

  /** Pays out what classes have earned, and dissolves them. */
  #settle(): void {
    for (const { earned, members } of this.#classes) {
      for (const index of members) this.#credits[index] = (this.#credits[index] ?? 0) + earned;
    }
    this.#classes = [];
    this.#view = undefined;
  }

  /** Keeps the credits of backends that stay when the membership changes; new ones start with none. */
  #adopt(names: readonly string[]): void {
    if (names === this.#names) return;
    const known = new Map(this.#names.map((name, index) => [name, this.#credits[index] ?? 0]));
    this.#credits = Float64Array.from(names, (name) => known.get(name) ?? 0);
    this.#names = names;
  }

  /**
   * A pick costs the sum of the candidates' weights. When that changes, credits are converted, so that they stay worth
   * the same number of picks: what was earned under great weights must not rule for long under small ones.
   */
  #rescale(total: number): void {
    if (total === this.#total || total === 0) return;
    const factor = this.#total === 0 ? 1 : total / this.#total;
    for (let i = 0; i < this.#credits.length; i += 1) this.#credits[i] = (this.#credits[i] ?? 0) * factor;
    this.#total = total;
  }
}
