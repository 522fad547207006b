import type { Milliseconds, Random } from "../base/index.ts";
import { fall, recover } from "./observe.ts";
import type { HealthChange } from "./observe.ts";
import type { HealthOptions } from "./options.ts";
import type { ActiveOptions } from "./options-active.ts";
import { beginStatus } from "./state.ts";
import type { HealthState } from "./state.ts";

/**
 * What the outcome of an active probe makes of a backend's health.
 *
 * | status | success | failure |
 * |---|---|---|
 * | healthy | the row of failed probes begins anew | counts; `fall` in a row: unhealthy |
 * | ejected | likewise | likewise |
 * | unhealthy | counts; after the cool-down: probing, and healthy from `rise` in a row on | the row begins anew |
 * | probing | counts; `rise` in a row: healthy | unhealthy, without another cool-down |
 *
 * @param failure what the probe found wrong, for people; undefined when all was well
 */
export function observeActive(
  state: HealthState,
  failure: string | undefined,
  now: Milliseconds,
  options: HealthOptions,
  active: ActiveOptions,
  random: Random,
): HealthChange {
  const isOut = state.status === "unhealthy" || state.status === "probing";
  if (isOut) return failure === undefined ? passed(state, now, active) : failedAgain(state, failure, now);
  if (failure === undefined) {
    return { state: state.probeFailures === 0 ? state : { ...state, probeFailures: 0 }, flipped: false };
  }
  const probeFailures = state.probeFailures + 1;
  if (probeFailures < active.fall) return { state: { ...state, probeFailures }, flipped: false };
  const reason =
    probeFailures === 1
      ? `a probe failed: ${failure}`
      : `${probeFailures} probes in a row failed, the last: ${failure}`;
  return fall(state, reason, now, options, random);
}

/** Probes go on during a cool-down, but nobody comes back before it is over. */
function passed(state: HealthState, now: Milliseconds, { rise }: ActiveOptions): HealthChange {
  const successes = state.successes + 1;
  // Of a backend that is being probed `probeAt` says only when a probe of its recovery is lost.
  if (state.status === "unhealthy" && now < state.probeAt) return { state: { ...state, successes }, flipped: false };
  if (successes >= rise) return recover(state, successes, now);
  const flipped = state.status !== "probing";
  if (!flipped) return { state: { ...state, successes }, flipped };
  const reason = `${successes} of ${rise} probes in a row succeeded; before that: ${state.reason}`;
  return { state: { ...beginStatus(state, "probing", reason, now), successes }, flipped };
}

function failedAgain(state: HealthState, failure: string, now: Milliseconds): HealthChange {
  if (state.status === "unhealthy") return { state: { ...state, successes: 0 }, flipped: false };
  const reason = `a probe failed: ${failure}`;
  return { state: beginStatus(state, "unhealthy", reason, now), flipped: true };
}
