export type { ActivityMeasure, Algorithm, Balancer, LatencyMeasure, Measures, PickRequest } from "./algorithm.ts";
export type { BalanceMethod } from "./algorithms.ts";
export { balanceMeasures, balanceTraits, createBalancer } from "./balancer.ts";
export { BALANCE_METHODS, balanceSchema } from "./options.ts";
export type { BalanceInput, BalanceOptions } from "./options.ts";
