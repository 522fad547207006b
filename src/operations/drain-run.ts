import type { DrainCourse } from "../moves/index.ts";

import { give, loadsOf, STEP_MS } from "./moving.ts";
import type { MovesWorld, Running } from "./moving.ts";
import type { Reported } from "./reports.ts";

const LATE = "a worker does not answer";

/**
 * Goes through a drain, step by step, until nothing is left or its deadline has come. Rejects when it is stopped.
 *
 * @param backend the one that is drained
 * @param first what the workers have of its pool at the beginning
 */
export async function runDrain(
  world: MovesWorld,
  running: Running,
  backend: string,
  course: DrainCourse,
  first: Reported,
): Promise<void> {
  const { pool } = running.move;
  let reported = first;
  let moved = 0;
  for (;;) {
    const isGone = world.config().pools[pool] === undefined;
    const others = loadsOf(world, pool, reported).filter(({ name, eligible }) => eligible && name !== backend);
    const step = course.step({
      now: world.clock.now(),
      // What nobody knows may be something.
      left: Math.max(reported.of(backend).left, reported.isPartial ? 1 : 0),
      leaving: reported.of(backend).leaving,
      refusedByPool: reported.refused,
      reconnectsFailed: reported.failuresBesides(backend),
      // Where the clients of a pool that is gone will come back to is not known here.
      room: isGone
        ? Number.POSITIVE_INFINITY
        : others.reduce((sum, { room = Number.POSITIVE_INFINITY }) => sum + room, 0),
      candidates: isGone ? 1 : others.length,
    });
    if (step.state === "done") {
      running.note({ left: 0, slowedBy: null });
      running.end("done");
      return;
    }
    const counts = { [backend]: step.move };
    reported = await give(world, { kind: "drain", pool, counts, minIdle: step.minIdle, minAge: 0 }, reported);
    const { moved: now, left: settled, leaving } = reported.of(backend);
    const left = settled + leaving;
    moved += now;
    const slowedBy = reported.isLate ? LATE : step.slowedBy;
    running.note({ moved, left, currentRate: step.currentRate, slowedBy });
    // Handshakes that were under way at the deadline may have become tunnels after it.
    if (step.state === "deadline" && left === 0 && !reported.isPartial) {
      running.end("deadline");
      return;
    }
    await world.sleep(STEP_MS, running.signal);
  }
}
