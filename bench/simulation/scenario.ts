import type { Spread } from "./draws.ts";

/** What happens to backends at some time, in seconds. Backends go by their number. */
export type Turn =
  /** One serves so many times slower than it did in the beginning. */
  | { readonly at: number; readonly kind: "slow"; readonly backend: number; readonly factor: number }
  /** So many are added. */
  | { readonly at: number; readonly kind: "add"; readonly count: number }
  /** One is drained within `over` seconds, and is back, empty, after `away`. Its clients come again at once. */
  | {
      readonly at: number;
      readonly kind: "replace";
      readonly backend: number;
      readonly over: number;
      readonly away: number;
    };

/** What is simulated. Times are seconds. */
export interface Scenario {
  readonly name: string;
  /** A sentence. */
  readonly about: string;
  readonly backends: number;
  /** Tunnels that are open at a time, in the mean. */
  readonly tunnels: number;
  readonly workers: number;
  /** Age of what workers know of each other's loads. */
  readonly lag: number;
  readonly lifetime: { readonly mean: number; readonly spread: Spread };
  /** Messages per second and tunnel. `kept`: how long a tunnel keeps its rate; for life when it is absent. */
  readonly rate: { readonly mean: number; readonly spread: Spread; readonly kept?: number };
  readonly turns: readonly Turn[];
  /** Tunnels that come beside all others and stay: when, and their messages per second. */
  readonly giants?: readonly { readonly at: number; readonly rate: number }[];
  /** Backends say in their 101 what share of their time they are busy. */
  readonly reports?: boolean;
  /** From here on it is measured. */
  readonly from: number;
  readonly until: number;
}

const MINUTE = 60;

/** Ten backends, and tunnels of two minutes. */
export const USUAL = {
  backends: 10,
  tunnels: 5000,
  workers: 1,
  lag: 0.01,
  lifetime: { mean: 2 * MINUTE, spread: "exponential" },
  rate: { mean: 1, spread: "exponential" },
  turns: [],
  from: 5 * MINUTE,
  until: 15 * MINUTE,
} as const;

const SLOW: readonly Turn[] = [
  { at: 7 * MINUTE, kind: "slow", backend: 3, factor: 4 },
  { at: 12 * MINUTE, kind: "slow", backend: 3, factor: 1 },
];

/** Every scenario. */
export const SCENARIOS: readonly Scenario[] = [
  {
    ...USUAL,
    name: "equal",
    about: "All tunnels last equally long and carry the same.",
    lifetime: { mean: 2 * MINUTE, spread: "equal" },
    rate: { mean: 1, spread: "equal" },
  },
  {
    ...USUAL,
    name: "heavy-lifetimes",
    about: "A few tunnels last for very long, most for seconds.",
    lifetime: { mean: 2 * MINUTE, spread: "heavy" },
  },
  {
    ...USUAL,
    name: "heavy-rates",
    about: "A few tunnels carry most of all messages, for life.",
    rate: { mean: 1, spread: "heavy" },
  },
  {
    ...USUAL,
    name: "changing-rates",
    about: "A few tunnels carry most of all messages, others each half minute.",
    rate: { mean: 1, spread: "heavy", kept: MINUTE / 2 },
  },
  {
    ...USUAL,
    name: "slow-backend",
    about: "One backend serves four times slower from minute 7 to minute 12.",
    turns: SLOW,
  },
  {
    ...USUAL,
    name: "slow-and-says-so",
    about: "The same, and backends say in each handshake how busy they are (`Fairlead-Load`).",
    turns: SLOW,
    reports: true,
  },
  {
    ...USUAL,
    name: "scale-out",
    about: "Four backends join ten in minute 7; a few tunnels carry most.",
    rate: { mean: 1, spread: "heavy" },
    turns: [{ at: 7 * MINUTE, kind: "add", count: 4 }],
  },
  {
    ...USUAL,
    name: "deploy",
    about: "One backend after the other is drained and comes back empty, from minute 5 on; a few tunnels carry most.",
    rate: { mean: 1, spread: "heavy" },
    turns: replaceAll(5 * MINUTE),
  },
  {
    ...USUAL,
    name: "stale-workers",
    about: "Four workers know each other's loads as they were up to a second ago; a few tunnels carry most.",
    workers: 4,
    lag: 1,
    lifetime: { mean: MINUTE, spread: "exponential" },
    rate: { mean: 1, spread: "heavy" },
  },
];

/** One backend after the other is replaced. */
export function replaceAll(from: number): readonly Turn[] {
  return Array.from({ length: USUAL.backends }, (_, backend) => ({
    at: from + backend * 45,
    kind: "replace" as const,
    backend,
    over: 15,
    away: 20,
  }));
}

/** Their names. */
export const SCENARIO_NAMES: readonly string[] = SCENARIOS.map(({ name }) => name);

/** The scenario of that name. @throws RangeError when there is none */
export function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario === undefined) throw new RangeError(`there is no scenario ${name}`);
  return scenario;
}
