import type { Milliseconds } from "../base/index.ts";
import { noteFall } from "./flapping.ts";
import { nextPause } from "./pause.ts";
import type { HealthChange } from "./observe.ts";
import type { HealthOptions } from "./options.ts";
import type { OutlierOptions } from "./options-outliers.ts";
import { beginStatus } from "./state.ts";
import type { HealthState } from "./state.ts";

/**
 * A healthy backend stands out: it gets nothing new for a time, which doubles with each ejection unless it stayed well
 * for long in between. One that is not healthy stays as it is.
 *
 * @param reason why, for people
 */
export function eject(
  state: HealthState,
  reason: string,
  now: Milliseconds,
  options: HealthOptions,
  { ejection, maxEjection }: OutlierOptions,
): HealthChange {
  if (state.status !== "healthy") return { state, flipped: false };
  const time = nextPause(state.ejection, ejection, maxEjection, now - state.since);
  const flapping = noteFall(state, now, options);
  const coolsUntil = now + time;
  const next: HealthState = {
    ...beginStatus(state, "ejected", reason, now),
    ...flapping,
    cooldown: now - state.since >= options.maxCooldown ? 0 : state.cooldown,
    ejection: time,
    coolsUntil,
    probeAt: Math.max(coolsUntil, flapping.heldUntil),
  };
  return { state: next, flipped: true };
}

/** An ejection is over, or is not to last any longer. One that is not ejected stays as it is. */
export function endEjection(state: HealthState, now: Milliseconds, reason = "its ejection is over"): HealthChange {
  if (state.status !== "ejected") return { state, flipped: false };
  return { state: beginStatus(state, "healthy", reason, now), flipped: true };
}

/**
 * Nobody of the pool is well, nor ejected, so there is nobody for whose sake the others could be left alone: who is unhealthy
 * is probed `probe.interval` after it fell, whatever its flapping and its cool-down, which does not grow either.
 */
export function relieve(state: HealthState, now: Milliseconds, { cooldown, probe }: HealthOptions): HealthChange {
  const soonest = state.since + probe.interval;
  if (state.status !== "unhealthy" || state.probeAt <= soonest) return { state, flipped: false };
  // The jitter of the cool-down is that of the shorter one, too.
  const share = state.cooldown === 0 ? 1 : (state.coolsUntil - state.since) / state.cooldown;
  const probeAt = Math.max(now, state.since + probe.interval * Math.min(1, share));
  const relieved = { heldUntil: now, coolsUntil: probeAt, probeAt, cooldown: Math.min(state.cooldown, cooldown) };
  return { state: { ...state, ...relieved }, flipped: false };
}
