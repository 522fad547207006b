/** The board of backends' health, with a clock, a wheel and probes of the test's own. */
import { seededRandom, Wheel } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { HealthStatus } from "../../src/health/index.ts";
import type { ProbeFailure, ProbeFinding, ProbeQuestion } from "../../src/probes/index.ts";
import { HealthBoard } from "../../src/supervisor/health-board.ts";
import type { HealthNotice } from "../../src/supervisor/messages.ts";

export const TICK = 100;
/** Backends are called as their URLs are written with the port. */
export const ONE = "ws://one.test:81";
export const TWO = "ws://two.test:81";
export const THREE = "ws://three.test:81";
export const FOUR = "ws://four.test:81";

/** A probe that waits for its answer. */
export interface Asked {
  readonly backend: string;
  readonly question: ProbeQuestion;
  readonly at: number;
  readonly signal: AbortSignal;
  readonly answer: (failure?: ProbeFailure, load?: number) => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

const settled = (): Promise<void> => new Promise(setImmediate);

type Backend = string | { url: string; state?: "active" | "draining" };

interface Setting {
  readonly backends?: readonly string[];
  /** Seed of the dice; without one they always show 0. */
  readonly seed?: number;
}

/** The pools of a configuration that says this of the pool `chat`. */
export const poolsWith = (health: object, backends: readonly Backend[] = [ONE, TWO]) =>
  Object.values(
    parseConfig({ pools: { chat: { backends: [...backends], health: { cooldownJitter: 0, ...health } } } }).config
      .pools,
  );

const seldomLogger = (logged: string[]) => {
  const log =
    (level: string) =>
    (_fields: object, message: string): void =>
      void logged.push(`${level}: ${message}`);
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
};

/** A board for one pool, `chat`. */
export const boardWith = (health: object = {}, { backends = [ONE, TWO], seed }: Setting = {}) => {
  let now = 0;
  const clock = { now: () => now, wall: () => now };
  const wheel = new Wheel(clock, TICK);
  const asked: Asked[] = [];
  const notices: HealthNotice[] = [];
  const logged: string[] = [];
  const told: string[] = [];
  const said: string[] = [];
  const loads: (readonly [pool: string, backend: string, load: number])[] = [];
  const pools = poolsWith(health, backends);
  const board = new HealthBoard(pools, {
    clock,
    wheel,
    random: seed === undefined ? () => 0 : seededRandom(seed),
    logger: seldomLogger(logged),
    onNotice: (notice) => void notices.push(notice),
    onReportedLoad: (...report) => void loads.push(report),
    tell: (type, message) => {
      told.push(type);
      said.push(message);
    },
    probe: (backend, _tls, question, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<ProbeFinding>();
      asked.push({
        backend: backend.name,
        question,
        at: now,
        signal,
        answer(failure, load) {
          resolve({ failure, rttMs: 1, load });
          return settled();
        },
        fail(error) {
          reject(error);
          return settled();
        },
      });
      return promise;
    },
  });
  const pass = (time: number): void => {
    for (const end = now + time; now < end;) {
      now += TICK;
      wheel.tick();
    }
  };
  const statuses = (): (HealthStatus | "none")[] =>
    backends.map((backend) => board.stateOf("chat", backend)?.status ?? "none");
  const fall = (backend: string = ONE): void => {
    for (let failures = 0; failures < 3; failures += 1) board.observe("chat", backend, "dial-failed");
  };
  return { board, told, said, pools, asked, notices, logged, loads, pass, statuses, fall, wheel, now: () => now };
};

export const BROKEN: ProbeFailure = { signal: "dial-failed", reason: "refused" };
