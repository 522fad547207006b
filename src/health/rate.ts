import type { Milliseconds } from "../base/index.ts";
import type { HealthOptions } from "./options.ts";
import type { RateSamples } from "./state.ts";

type RateOptions = Exclude<HealthOptions["failureRate"], "off">;

/** Adds one outcome. */
export function addSample(
  samples: RateSamples | undefined,
  failed: boolean,
  now: Milliseconds,
  options: RateOptions,
): RateSamples {
  const current = roll(samples, now, options.window);
  return { ...current, failures: current.failures + (failed ? 1 : 0), total: current.total + 1 };
}

/** Begins a new window when the current one is over; what lies two windows back is forgotten. */
function roll(samples: RateSamples | undefined, now: Milliseconds, window: Milliseconds): RateSamples {
  const empty = { failures: 0, total: 0, previousFailures: 0, previousTotal: 0 };
  if (samples === undefined) return { start: now, ...empty };
  const age = now - samples.start;
  if (age < window) return samples;
  if (age >= 2 * window) return { start: now, ...empty };
  return {
    start: samples.start + window,
    failures: 0,
    total: 0,
    previousFailures: samples.failures,
    previousTotal: samples.total,
  };
}

/**
 * Share of failures over the window that ends now: the part of the previous window that still reaches into it counts in
 * proportion, as if its outcomes had been spread evenly. Undefined while there are too few outcomes to tell.
 */
export function failureShare(samples: RateSamples, now: Milliseconds, options: RateOptions): number | undefined {
  const overlap = Math.min(1, Math.max(0, 1 - (now - samples.start) / options.window));
  const total = samples.total + overlap * samples.previousTotal;
  if (total < options.minSamples) return undefined;
  return (samples.failures + overlap * samples.previousFailures) / total;
}
