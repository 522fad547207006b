import type { Milliseconds } from "../base/index.ts";
import type { RebalanceCourse, RebalanceStep } from "../moves/index.ts";

import { give, loadsOf, look, STEP_MS } from "./moving.ts";
import type { MovesWorld, Running } from "./moving.ts";
import type { Reported } from "./reports.ts";

/** Goes through a rebalance until the loads are fair enough. Rejects when it is stopped. */
export async function runRebalance(world: MovesWorld, running: Running, course: RebalanceCourse): Promise<void> {
  for (;;) {
    const step = await takeStep(world, running.move.pool, course, running);
    if (!step.running) {
      running.end("done");
      return;
    }
    await world.sleep(STEP_MS, running.signal);
  }
}

/**
 * Looks at a pool's loads again and again, and moves what is too much. Rejects when it is stopped.
 *
 * @param interval time between two looks while there is nothing to do
 * @param begin called when a rebalance begins
 */
export async function watchLoads(
  world: MovesWorld,
  pool: string,
  course: RebalanceCourse,
  interval: Milliseconds,
  signal: AbortSignal,
  begin: () => Running,
): Promise<void> {
  let running: Running | undefined;
  try {
    for (;;) {
      await world.sleep(running === undefined ? interval : STEP_MS, signal);
      // Cancelled by an operator: the next look begins another one, if there is still a reason.
      if (running?.signal.aborted === true) running = undefined;
      const step: RebalanceStep = await takeStep(world, pool, course, running);
      if (step.running) running ??= begin();
      else running?.end("done");
      if (!step.running) running = undefined;
    }
  } finally {
    running?.end("cancelled");
  }
}

async function takeStep(
  world: MovesWorld,
  pool: string,
  course: RebalanceCourse,
  running: Running | undefined,
): Promise<RebalanceStep> {
  const reported = await look(world, "rebalance", pool);
  const loads = loadsOf(world, pool, reported);
  const step = course.step(world.clock.now(), loads);
  world.shed(pool, step.running ? step.surplus : []);
  if (step.moves.length === 0) {
    running?.note({ left: step.left, total: running.move.moved + step.left });
    return step;
  }
  const counts = Object.fromEntries(step.moves.map(({ backend, move }) => [backend, move]));
  const after: Reported = await give(
    world,
    { kind: "rebalance", pool, counts, minIdle: 0, minAge: step.minAge },
    reported,
  );
  if (running !== undefined) {
    const moved = running.move.moved + after.moved;
    running.note({ moved, left: step.left, total: moved + step.left });
  }
  return step;
}
