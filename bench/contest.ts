import type { Certificate } from "./lab/certificate.ts";
import type { Lab } from "./lab/lab.ts";
import { sleep } from "./lab/sleep.ts";
import type { Plan } from "./plan.ts";
import type { Variant } from "./proxies/variant.ts";
import type { Metric, Readings, Scenario, Turn } from "./scenarios/scenario.ts";
import { type Ends, leave, ready, recover, type Seat, startEnds, takeSeat } from "./seat.ts";

/** Between two turns, so that what ends can end; in milliseconds. */
const PAUSE = 40;

/** What one contestant did in one scenario. */
export interface Standing {
  readonly variant: Variant;
  /** Readings of the rounds that succeeded. */
  readonly samples: readonly Readings[];
  readonly failures: readonly string[];
}

/** What one scenario gave. */
export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  readonly standings: readonly Standing[];
}

/** What a scenario runs with. */
export interface Contest {
  readonly lab: Lab;
  readonly plan: Plan;
  readonly certificate: Certificate;
  readonly variants: readonly Variant[];
  /** No new round after this, but for the first. On the clock of `performance.now()`. */
  readonly softEnd: number;
  /** No new turn after this. */
  readonly hardEnd: number;
  say(line: string): void;
}

/** Runs one scenario: all contestants in turn, round after round. */
export async function runScenario(scenario: Scenario, contest: Contest): Promise<ScenarioResult> {
  const certificate = scenario.tls ? contest.certificate : undefined;
  const seats = contest.variants.filter((variant) => scenario.takesPart(variant)).map(takeSeat);
  const ends = await startEnds(contest.lab, certificate);
  const play = (seat: Seat, warmUp: boolean, prepared: number): Promise<Readings | undefined> =>
    playTurn({ seat, scenario, ends, contest, certificate, warmUp, prepared });
  try {
    const prepared = await prepare(scenario, seats, ends, contest, certificate);
    if (!scenario.fresh) for (const seat of seats) await play(seat, true, prepared);
    const rounds = Math.min(contest.plan.rounds, scenario.roundsMax ?? Number.POSITIVE_INFINITY);
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0 && performance.now() > contest.softEnd) break;
      for (const seat of seats) seat.rounds.push(await play(seat, false, prepared));
      contest.say(`  round ${round + 1} of ${rounds}`);
    }
  } finally {
    for (const seat of seats) await leave(seat);
    ends.generator.stop();
    ends.backend.stop();
  }
  derive(scenario, seats);
  return {
    name: scenario.name,
    title: scenario.title,
    metrics: scenario.metrics,
    standings: seats.map(({ variant, rounds, failures }) => ({
      variant,
      samples: rounds.filter((readings) => readings !== undefined),
      failures,
    })),
  };
}

interface Move {
  readonly seat: Seat;
  readonly scenario: Scenario;
  readonly ends: Ends;
  readonly contest: Contest;
  readonly certificate: Certificate | undefined;
  readonly warmUp: boolean;
  readonly prepared: number;
}

async function playTurn(move: Move): Promise<Readings | undefined> {
  const { seat, scenario, ends, contest } = move;
  if (seat.out || performance.now() > contest.hardEnd) return undefined;
  try {
    const turn = await turnOf(move);
    const readings = await scenario.turn(turn);
    await ends.generator.ask("close", {});
    if (scenario.fresh) await leave(seat);
    await sleep(PAUSE, contest.lab.signal);
    return readings;
  } catch (error) {
    contest.lab.signal.throwIfAborted();
    await recover(seat, error, ends, contest.lab);
    contest.say(`  ${seat.variant.id}: ${seat.failures.at(-1)}`);
    return undefined;
  }
}

async function turnOf({ seat, scenario, ends, contest, certificate, warmUp, prepared }: Move): Promise<Turn> {
  const goal = await ready(seat, scenario, ends, contest.lab, certificate);
  return {
    plan: contest.plan,
    signal: contest.lab.signal,
    generator: ends.generator,
    backendPid: ends.backend.pid,
    proxyPid: seat.running?.pid,
    goal,
    prepared,
    warmUp,
  };
}

/** Measures what the scenario has to know first, on the best contestant of the first family that is there. */
async function prepare(
  scenario: Scenario,
  seats: readonly Seat[],
  ends: Ends,
  contest: Contest,
  certificate: Certificate | undefined,
): Promise<number> {
  const { prepare: first } = scenario;
  if (first === undefined) return Number.NaN;
  for (const family of first.on) {
    const values: number[] = [];
    for (const seat of seats.filter(({ variant }) => variant.family === family)) {
      const measured: Scenario = { ...scenario, turn: async (turn) => ({ prepared: await first.measure(turn) }) };
      const move = { seat, scenario: measured, ends, contest, certificate, warmUp: false, prepared: Number.NaN };
      const value = (await playTurn(move))?.["prepared"];
      if (value !== undefined) values.push(value);
    }
    if (values.length > 0) {
      contest.say(`  prepared on ${family}: ${Math.round(Math.max(...values))}`);
      return Math.max(...values);
    }
  }
  throw new Error(`${scenario.name} needs one of ${first.on.join(", ")}`);
}

/** Adds what only a whole round can tell. */
function derive(scenario: Scenario, seats: readonly Seat[]): void {
  const rounds = Math.max(0, ...seats.map((seat) => seat.rounds.length));
  for (let round = 0; round < rounds; round += 1) {
    const byVariant = new Map(
      seats.flatMap(({ variant, rounds: all }) => {
        const readings = all[round];
        return readings === undefined ? [] : [[variant.id, readings] as const];
      }),
    );
    const derived = scenario.derive?.(byVariant);
    for (const seat of seats) {
      const readings = seat.rounds[round];
      const more = derived?.get(seat.variant.id);
      if (readings !== undefined && more !== undefined) seat.rounds[round] = { ...readings, ...more };
    }
  }
}
