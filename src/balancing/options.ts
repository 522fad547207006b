import { z } from "zod";
import { choiceError } from "../base/index.ts";
import { ALGORITHMS } from "./algorithms.ts";
import type { BalanceMethod } from "./algorithms.ts";

function isMethod(name: string): name is BalanceMethod {
  return Object.hasOwn(ALGORITHMS, name);
}

/** Names of all algorithms, in the order of the table. */
export const BALANCE_METHODS: readonly BalanceMethod[] = Object.keys(ALGORITHMS).filter(isMethod);

const error = choiceError("balancing method", BALANCE_METHODS);

const [first, ...others] = Object.values(ALGORITHMS).map((algorithm) => algorithm.schema);
if (first === undefined) throw new TypeError("the table of algorithms is empty");

const longForm = z.discriminatedUnion("method", [first, ...others], { error });

/**
 * How a pool chooses among its backends: the name of an algorithm, or an object with `method` and the algorithm's
 * options. Parsed, it is always the object, with every default filled in.
 */
export const balanceSchema = z
  .union([z.enum(BALANCE_METHODS).transform((method) => longForm.parse({ method })), longForm], { error })
  .describe(
    "How the pool chooses among its backends: the name of a method, or an object with `method` and its options.",
  );

/** What people write. */
export type BalanceInput = z.input<typeof balanceSchema>;

/** A validated choice of algorithm. */
export type BalanceOptions = z.output<typeof balanceSchema>;
