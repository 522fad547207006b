import type { Milliseconds } from "../base/index.ts";
import type { RebalanceCourse, RebalanceStep } from "../moves/index.ts";

import { carriedLoadsOf, giveBySize, weigh } from "./carried.ts";
import { give, loadsOf, look, STEP_MS } from "./moving.ts";
import type { MovesWorld, Running } from "./moving.ts";

/** A rebalance ends when for so long, beside the time that its pace leaves between two tunnels, none could be moved. */
const STALLED_MS: Milliseconds = 60_000;
const SECOND: Milliseconds = 1_000;
/** Why it then ends with something left. */
const STUCK = {
  tunnels: "what is left is pinned, or too young",
  carried: "what is left is pinned, too young, or carries too much or too little to be moved",
} as const;

/** Goes through a rebalance until the loads are fair enough, or nothing can be moved. Rejects when it is stopped. */
export async function runRebalance(world: MovesWorld, running: Running, course: RebalanceCourse): Promise<void> {
  const progress = new Progress(world, running);
  for (;;) {
    const taken = await takeStep(world, running.move.pool, course, running.signal);
    if (progress.isOver(taken)) return;
    await world.sleep(STEP_MS, running.signal);
  }
}

/** How a pool is watched. */
export interface Watch {
  readonly pool: string;
  readonly course: RebalanceCourse;
  /** Time between two looks while there is nothing to do. */
  readonly interval: Milliseconds;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called when a rebalance begins. */
  readonly begin: () => Running;
  /** Whether somebody's own rebalance of the pool runs; it goes first. */
  readonly isTaken: () => boolean;
}

/** Looks at a pool's loads again and again, and moves what is too much. Rejects when it is stopped. */
export async function watchLoads(world: MovesWorld, watch: Watch): Promise<void> {
  const { pool, course, interval, signal, begin, isTaken } = watch;
  let progress: Progress | undefined;
  try {
    for (;;) {
      await world.sleep(progress === undefined ? interval : STEP_MS, signal);
      // Cancelled by an operator: after the interval another one begins, if there is still a reason.
      if (progress?.running.signal.aborted === true) progress = undefined;
      else if (progress !== undefined || !isTaken()) {
        const taken = await takeStep(world, pool, course, signal);
        // What cannot be moved is no rebalance that anybody would want to see.
        if (taken.moved > 0) progress ??= new Progress(world, begin());
        if (progress?.isOver(taken) === true) progress = undefined;
      }
    }
  } finally {
    progress?.running.end("cancelled");
    world.shed(pool, []);
  }
}

/** A step, and the number of tunnels that it has moved. */
interface Taken {
  readonly step: RebalanceStep;
  readonly moved: number;
}

/** How far a rebalance has come. */
class Progress {
  readonly running: Running;
  private readonly world: MovesWorld;
  private movedAt: Milliseconds;

  constructor(world: MovesWorld, running: Running) {
    this.world = world;
    this.running = running;
    this.movedAt = world.clock.now();
  }

  /** Shows a step, and ends the rebalance where that was the last one. */
  isOver({ step, moved: now }: Taken): boolean {
    const { running, world } = this;
    const moved = running.move.moved + now;
    running.note({ moved, left: step.left, total: moved + step.left });
    if (now > 0) this.movedAt = world.clock.now();
    const isStuck = world.clock.now() - this.movedAt >= STALLED_MS + (2 * SECOND) / running.move.rate;
    if (step.running && !isStuck) return false;
    if (step.running) running.note({ slowedBy: STUCK[running.move.evens ?? "tunnels"] });
    running.end("done");
    return true;
  }
}

async function takeStep(world: MovesWorld, pool: string, course: RebalanceCourse, signal: AbortSignal): Promise<Taken> {
  return course.evens === "carried"
    ? takeStepBySize(world, pool, course, signal)
    : takeStepByNumber(world, pool, course, signal);
}

async function takeStepByNumber(
  world: MovesWorld,
  pool: string,
  course: RebalanceCourse,
  signal: AbortSignal,
): Promise<Taken> {
  const reported = await look(world, "rebalance", pool);
  signal.throwIfAborted();
  const step = course.step(world.clock.now(), loadsOf(world, pool, reported));
  world.shed(pool, step.running ? step.surplus : []);
  if (step.moves.length === 0) return { step, moved: 0 };
  const counts = Object.fromEntries(step.moves.map(({ backend, move }) => [backend, move]));
  const order = { kind: "rebalance", pool, counts, minIdle: 0, minAge: step.minAge } as const;
  const { moved } = await give(world, order, reported);
  return { step, moved };
}

async function takeStepBySize(
  world: MovesWorld,
  pool: string,
  course: RebalanceCourse,
  signal: AbortSignal,
): Promise<Taken> {
  const reported = await weigh(world, pool);
  signal.throwIfAborted();
  const step = course.step(world.clock.now(), carriedLoadsOf(world, pool, reported));
  world.shed(pool, step.running ? step.surplus : []);
  let moved = 0;
  for (const order of step.moves) {
    moved += await giveBySize(world, pool, course, { ...order, minAge: step.minAge });
  }
  return { step, moved };
}
