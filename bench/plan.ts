/** How long things last. */
export interface Plan {
  readonly quick: boolean;
  /** Turns of every contestant in every scenario. */
  readonly rounds: number;
  /** The turn before the first round, which is not counted: programs compile, caches fill. In milliseconds. */
  readonly warmUp: number;
  /** How long a load runs before it is timed. */
  readonly settle: number;
  /** How long it runs while it is timed; to this comes what its last answers take. */
  readonly window: number;
  /** From the end of traffic to "at rest". */
  readonly rest: number;
  /** The whole run begins no new turn after this; `Infinity` for no limit. */
  readonly budget: number;
}

/** The whole benchmark: about an hour. */
export const FULL: Plan = {
  quick: false,
  rounds: 5,
  warmUp: 600,
  settle: 200,
  window: 800,
  rest: 800,
  budget: Number.POSITIVE_INFINITY,
};

/** Within five minutes on two busy cores: what a turn takes after the budget's end has its place in the last half minute. */
export const QUICK: Plan = {
  quick: true,
  rounds: 3,
  warmUp: 500,
  settle: 250,
  window: 700,
  rest: 700,
  budget: 265_000,
};
