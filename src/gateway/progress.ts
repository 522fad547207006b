import { detachedEntry } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";

import type { Gateway } from "./gateway.ts";

/** In how many steps the tunnels' lines are spread over the time between two lines of one. */
const STEPS = 10;
/** How often it is looked whether lines are wanted by now. */
const LOOK_INTERVAL_MS: Milliseconds = 10_000;

/**
 * Lets every open tunnel leave a record again and again, every `log.accessEvery` since it began, at most a step late. One
 * entry of the wheel serves all of them.
 */
export function recordProgress(gateway: Gateway): void {
  const { wheel, clock } = gateway.world;
  let before = clock.now();
  const entry = detachedEntry(() => {
    const { access, accessEvery } = gateway.log;
    const now = clock.now();
    if (accessEvery !== "off" && access !== "off") {
      for (const life of gateway.tunnels) if (isDue(life.startedAt, before, now, accessEvery)) life.recordProgress(now);
    }
    before = now;
    return nextIn(gateway);
  });
  wheel.add(entry, nextIn(gateway));
}

function nextIn({ log: { accessEvery } }: Gateway): Milliseconds {
  return accessEvery === "off" ? LOOK_INTERVAL_MS : accessEvery / STEPS;
}

/** Whether a whole number of times `every` has passed since the start between two moments. */
function isDue(startedAt: Milliseconds, before: Milliseconds, now: Milliseconds, every: Milliseconds): boolean {
  const timesBefore = Math.max(0, Math.floor((before - startedAt) / every));
  return Math.floor((now - startedAt) / every) > timesBefore;
}
