import type { Random } from "../base/index.ts";
import type { Balancer, Measures } from "./algorithm.ts";
import { ALGORITHMS } from "./algorithms.ts";
import type { BalanceOptions } from "./options.ts";

/** Any algorithm. The table is keyed by `method`, so each is given the options of its own schema. */
interface AnyAlgorithm {
  readonly needs: { readonly key: boolean };
  readonly usesWeights: boolean;
  measures?(options: BalanceOptions): Measures;
  create(options: BalanceOptions, random: Random): Balancer;
}

/** What the algorithm of these options asks for: whether requests need a key, and whether weights make a difference. */
export function balanceTraits(options: BalanceOptions): Pick<AnyAlgorithm, "needs" | "usesWeights"> {
  return ALGORITHMS[options.method];
}

/** What the algorithm of these options wants to be measured; nothing for most. */
export function balanceMeasures(options: BalanceOptions): Measures {
  const algorithm: AnyAlgorithm = ALGORITHMS[options.method];
  return algorithm.measures?.(options) ?? {};
}

/** A new balancer for one pool. It may outlive changes of the pool's membership, with a new view for each. */
export function createBalancer(options: BalanceOptions, random: Random): Balancer {
  const algorithm: AnyAlgorithm = ALGORITHMS[options.method];
  return algorithm.create(options, random);
}
