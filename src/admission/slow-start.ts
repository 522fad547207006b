import type { Milliseconds } from "../base/index.ts";

/** A backend that got nothing at first would never show that it can do something. */
const LEAST_FACTOR = 0.1;
/** Steps in which whoever applies it follows it, unless told otherwise: 4.5 % of the weight each. */
const STEPS = 20;

/**
 * What the weight of a backend is multiplied with that is new or was ill: from a tenth to 1, in a straight line. Caches,
 * pools and compilers warm up with the work that they get; a line gives them half of the work in half of the time,
 * whereas a curve would save most of the leap for the end.
 *
 * @param since monotonic time at which it was taken in
 */
export function slowStartFactor(since: Milliseconds, now: Milliseconds, duration: Milliseconds | "off"): number {
  if (duration === "off" || now >= since + duration) return 1;
  return LEAST_FACTOR + (1 - LEAST_FACTOR) * (Math.max(0, now - since) / duration);
}

/** When the factor should be applied anew; undefined once it is 1. Later than `now` in any case. */
export function nextStepAt(
  since: Milliseconds,
  now: Milliseconds,
  duration: Milliseconds | "off",
  steps: number = STEPS,
): Milliseconds | undefined {
  if (duration === "off" || now >= since + duration) return undefined;
  const done = Math.max(0, Math.floor(((now - since) * steps) / duration));
  for (let step = done + 1; step < steps; step += 1) {
    const at = since + (step * duration) / steps;
    if (at > now) return at;
  }
  return since + duration;
}
