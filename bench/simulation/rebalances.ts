import type { RebalanceTerms } from "../../src/moves/index.ts";
import { rebalanceTerms } from "../../src/config/index.ts";
import { replaceAll, USUAL } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";

const MINUTE = 60;

/** Tunnels last for an hour, so that what is wrong does not mend itself. */
const LASTING = {
  ...USUAL,
  lifetime: { mean: 60 * MINUTE, spread: "exponential" },
  rate: { mean: 1, spread: "heavy" },
  until: 25 * MINUTE,
} as const;

/** What rebalancing is tried in, under `least-load`. */
export const REBALANCES: readonly Scenario[] = [
  {
    ...LASTING,
    name: "lasting-equal",
    about: "Tunnels of an hour that carry the same: there is nothing to do.",
    rate: { mean: 1, spread: "equal" },
  },
  {
    ...LASTING,
    name: "lasting-scale-out",
    about: "Four backends join ten in minute 7; tunnels last for an hour, and a few carry most.",
    turns: [{ at: 7 * MINUTE, kind: "add", count: 4 }],
  },
  {
    ...LASTING,
    name: "lasting-deploy",
    about:
      "One backend after the other is drained and comes back empty; tunnels last for an hour, and a few carry most.",
    turns: replaceAll(5 * MINUTE),
  },
  {
    ...LASTING,
    name: "giant",
    about: "In minute 7 a tunnel comes that carries half as much again as a backend's share of all others.",
    rate: { mean: 1, spread: "exponential" },
    giants: [{ at: 7 * MINUTE, rate: 750 }],
  },
  {
    ...LASTING,
    name: "lasting-changing",
    about: "A few tunnels carry most of all messages, others each half minute; they last for an hour.",
    rate: { mean: 1, spread: "heavy", kept: MINUTE / 2 },
  },
  {
    ...LASTING,
    name: "lasting-slow",
    about:
      "One backend serves four times slower from minute 7 to minute 17, and all say in handshakes how busy they are.",
    rate: { mean: 1, spread: "exponential" },
    turns: [
      { at: 7 * MINUTE, kind: "slow", backend: 3, factor: 4 },
      { at: 17 * MINUTE, kind: "slow", backend: 3, factor: 1 },
    ],
    reports: true,
  },
];

/** Their names. */
export const REBALANCE_NAMES: readonly string[] = REBALANCES.map(({ name }) => name);

/** What is compared, by its name: `evens`, with all else as by default. */
export const EVENINGS: Readonly<Record<string, RebalanceTerms | undefined>> = {
  off: undefined,
  tunnels: { ...rebalanceTerms("off", {}), evens: "tunnels" },
  method: { ...rebalanceTerms("off", {}), evens: "carried" },
  "method, minAge: 5m": { ...rebalanceTerms("off", { minAge: "5m" }), evens: "carried" },
};
