import { fastest } from "./fastest.ts";
import { hash } from "./hash.ts";
import { leastConnections } from "./least-connections.ts";
import { leastLoad } from "./least-load.ts";
import { randomChoice } from "./random.ts";
import { roundRobin } from "./round-robin.ts";
import { twoChoices } from "./two-choices.ts";
import { weightedRoundRobin } from "./weighted-round-robin.ts";

/** Every algorithm, by the name that the configuration uses. A new one is a file of its own and a line here. */
export const ALGORITHMS = {
  "round-robin": roundRobin,
  "weighted-round-robin": weightedRoundRobin,
  "least-connections": leastConnections,
  random: randomChoice,
  "two-choices": twoChoices,
  "least-load": leastLoad,
  fastest,
  hash,
} as const;

/** Name of an algorithm. */
export type BalanceMethod = keyof typeof ALGORITHMS;
