/** How a hot function is timed. */

/** A round lasts about this long, in milliseconds. */
const ROUND = 60;
const ROUNDS = 11;
/** Calls before the first look at the clock. */
const WARM_UP_CALLS = 20_000;
const WARM_UP = 150;
const NANOSECONDS = 1000;
const MICROSECONDS = 1000;

/** What one function takes, in nanoseconds for each operation. */
interface Timing {
  readonly name: string;
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
  readonly bar: Bar | undefined;
}

/** Something to be timed. */
export interface Subject {
  readonly name: string;
  /** Operations in one call of `run`. */
  readonly operations?: number;
  /** Throws when the answers are wrong; called before anything is timed. */
  check(): void;
  /** Returns something that depends on the work, so that none of it can be left out. */
  run(): number;
  /** Undefined where nothing is asked for. */
  readonly bar?: Bar;
}

/** Most that an operation may take, in nanoseconds, and less than was asked for. */
export interface Bar {
  readonly reach: number;
  readonly beyond: number;
}

/** What the calls returned: read by nobody, and unknown to the compiler. */
let sink = 0;

/** Checks, warms up, and times in rounds. */
function time({ name, operations = 1, check, run, bar }: Subject): Timing {
  check();
  const warmUntil = performance.now() + WARM_UP;
  let calls = 0;
  for (; calls < WARM_UP_CALLS || performance.now() < warmUntil; calls += 1) {
    sink += run();
    if (performance.now() > warmUntil + 10 * WARM_UP) break;
  }
  const perRound = Math.max(1, Math.round(callsIn(run, ROUND)));
  const values = Array.from({ length: ROUNDS }, () => (spent(run, perRound) * NANOSECONDS) / perRound / operations);
  values.sort((a, b) => a - b);
  return {
    name,
    median: values[Math.floor(ROUNDS / 2)] ?? Number.NaN,
    least: values[0] ?? Number.NaN,
    greatest: values.at(-1) ?? Number.NaN,
    bar,
  };
}

/** Calls that fit into so many milliseconds of CPU. */
function callsIn(run: () => number, milliseconds: number): number {
  let calls = 16;
  let taken = spent(run, calls);
  while (taken < (milliseconds * MICROSECONDS) / 4) {
    calls *= 4;
    taken = spent(run, calls);
  }
  return (calls * milliseconds * MICROSECONDS) / taken;
}

/**
 * Microseconds of CPU that so many calls take, garbage collection included. Not of the clock on the wall: others use
 * this machine as well.
 */
function spent(run: () => number, calls: number): number {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i += 1) sink += run();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

function verdict(median: number, bar: Bar | undefined): string {
  if (bar === undefined) return "";
  if (median <= bar.beyond) return `  beyond ${bar.beyond} ns`;
  return median <= bar.reach ? `  within ${bar.reach} ns` : `  OVER ${bar.reach} ns`;
}

/** Times every subject and prints a line for each. */
export function report(title: string, subjects: readonly Subject[]): void {
  console.log(title);
  for (const subject of subjects) {
    const { name, median, least, greatest, bar } = time(subject);
    const [middle, low, high] = [median, least, greatest].map((value) => value.toFixed(1));
    console.log(`  ${name.padEnd(52)} ${String(middle).padStart(10)} ns/op  (${low}-${high})${verdict(median, bar)}`);
  }
  if (Number.isNaN(sink)) console.log("  a run returned something that is no number");
}
