import type { Actor } from "../lab/actors.ts";
import type { Load, GeneratorCalls, Goal } from "../load/protocol.ts";
import type { Plan } from "../plan.ts";
import { NODE_FAMILIES } from "../proxies/node-peers.ts";
import type { Variant } from "../proxies/variant.ts";

/** One of the figures that a scenario gives. */
export interface Metric {
  /** Key in the readings and in the JSON. */
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
}

/** Figures of one turn, by the key of the metric. */
export type Readings = Readonly<Record<string, number>>;

/** What a turn works with. */
export interface Turn {
  readonly plan: Plan;
  readonly signal: AbortSignal;
  readonly generator: Actor<GeneratorCalls>;
  readonly backendPid: number;
  /** Process of the proxy; undefined for `direct`. */
  readonly proxyPid: number | undefined;
  readonly goal: Goal;
  /** What `prepare` found out. */
  readonly prepared: number;
  /** True in the turn before the first round, whose readings nobody looks at. */
  readonly warmUp: boolean;
}

/** One kind of work, for every contestant the same. */
export interface Scenario {
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** Which runs it is part of when nobody names scenarios. */
  readonly runs: "both" | "full" | "quick";
  /** Clients speak TLS to the proxy. */
  readonly tls: boolean;
  /** Each turn gets a new process of the proxy, since what counts is its memory; then there is no turn to warm up. */
  readonly fresh: boolean;
  /** Sizes of the messages that are checked before anything is timed. */
  readonly sizes: readonly number[];
  /** Whether plain requests are checked as well. */
  readonly plain: boolean;
  /** The first is what the bar and the plot are about. */
  readonly metrics: readonly Metric[];
  /** Rounds that are enough; by default all. */
  readonly roundsMax?: number;
  takesPart(variant: Variant): boolean;
  /** Something that has to be known first, measured on one contestant; by default nothing. */
  readonly prepare?: {
    /** Families in the order in which they are wanted. */
    readonly on: readonly Variant["family"][];
    measure(turn: Turn): Promise<number>;
  };
  turn(turn: Turn): Promise<Readings>;
  /** Figures that need another contestant's of the same round; `byVariant` holds the readings of one round. */
  derive?(byVariant: ReadonlyMap<string, Readings>): ReadonlyMap<string, Readings>;
}

/** Everybody with one worker. */
export const oneWorker = (variant: Variant): boolean => variant.workers === 1;

/**
 * Everybody with one worker, but proxies on Node only as they come: where nothing depends on their tuning, an hour has
 * better uses.
 */
export const fewer = (variant: Variant): boolean =>
  oneWorker(variant) && !(variant.tuning === "tuned" && NODE_FAMILIES.includes(variant.family));

/** Of these, everybody who has a process to measure. */
export const proxiesOnly = (variant: Variant): boolean => fewer(variant) && variant.launch !== undefined;

/** The load goes on until `turn.generator` is told to stop. */
export async function startLoad(turn: Turn, load: Load): Promise<void> {
  await turn.generator.ask("start", { goal: turn.goal, load });
}
