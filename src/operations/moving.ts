import type { Move } from "../admin/index.ts";
import type { Clock, Milliseconds, Random } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import type { NamedLoad } from "../moves/index.ts";

import type { MoveOrder } from "./desk.ts";
import { Reported, shareOutOrder } from "./reports.ts";
import type { WorkerAnswer } from "./reports.ts";

/** What moves need of their instance. */
export interface MovesWorld {
  readonly clock: Clock;
  readonly random: Random;
  config(): Config;
  /** Whether a backend of the pool is well enough for new work. */
  isHealthy(pool: string, backend: string): boolean;
  /** Has every worker that serves do its part. */
  order(orderFor: (worker: number) => MoveOrder): Promise<readonly WorkerAnswer[]>;
  /** Tells workers which backends of a pool have more than their share, so that no cookie leads there. */
  shed(pool: string, backends: readonly string[]): void;
  /** Resolves after a time; rejects when the signal says so. */
  sleep(time: Milliseconds, signal: AbortSignal): Promise<void>;
  /** Told when one begins, and when it has ended. */
  tell(type: "move-started" | "move-ended", move: Move): void;
}

/** A move that goes on, as it is shown and stopped. */
export interface Running {
  readonly move: Move;
  /** Aborted when it has ended. */
  readonly signal: AbortSignal;
  /** Shows how far it has come. */
  note(change: Partial<Move>): void;
  end(state: Exclude<Move["state"], "running">): void;
}

/** Time between two steps of a move. */
export const STEP_MS: Milliseconds = 250;

const NO_COUNTS: MoveOrder["counts"] = {};

/** What the workers have of a pool. */
export async function look(world: MovesWorld, kind: Move["kind"], pool: string, before?: Reported): Promise<Reported> {
  return ask(world, { kind, pool, counts: NO_COUNTS, minIdle: 0, minAge: 0 }, before);
}

/** Has every worker do the same. */
export async function ask(world: MovesWorld, order: MoveOrder, before?: Reported): Promise<Reported> {
  return new Reported(await world.order(() => order), before);
}

/** Has the workers end tunnels, each its part. */
export async function give(world: MovesWorld, order: MoveOrder, before: Reported): Promise<Reported> {
  return giveParts(world, order, shareOutOrder(order, before.reports), before);
}

/** Has each worker do its own part; those that have none only report. */
export async function giveParts(
  world: MovesWorld,
  order: MoveOrder,
  parts: ReadonlyMap<number, MoveOrder>,
  before?: Reported,
): Promise<Reported> {
  return new Reported(await world.order((worker) => parts.get(worker) ?? { ...order, counts: NO_COUNTS }), before);
}

/** The backends of a pool, with what they have and whether they can take more. */
export function loadsOf(world: MovesWorld, pool: string, reported: Reported): NamedLoad[] {
  const config = world.config().pools[pool];
  if (config === undefined) return [];
  return config.backends.map(({ name, weight, state, maxConnections = config.admission.maxConnections }) => {
    const { load, left } = reported.of(name);
    const room = maxConnections === "off" ? undefined : Math.max(0, maxConnections - load);
    return { name, weight, load: left, eligible: state === "active" && world.isHealthy(pool, name), room };
  });
}
