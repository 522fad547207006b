import type { Milliseconds } from "../base/index.ts";
import { isHeld, noteFall } from "./flapping.ts";
import type { HealthChange } from "./observe.ts";
import type { HealthOptions } from "./options.ts";
import type { OutlierOptions } from "./options-outliers.ts";
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
  const recovered = now - state.since >= maxEjection;
  const grown = recovered ? 0 : state.ejection * 2;
  const time = Math.min(Math.max(ejection, grown), maxEjection);
  const flapping = noteFall(state, now, options);
  const coolsUntil = now + time;
  const next: HealthState = {
    ...state,
    ...flapping,
    status: "ejected",
    since: now,
    reason,
    failures: 0,
    successes: 0,
    probeFailures: 0,
    samples: undefined,
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
  return {
    state: { ...state, status: "healthy", since: now, reason, failures: 0, probeFailures: 0, countedAt: {} },
    flipped: true,
  };
}

/**
 * Nobody of the pool is well: an ejection ends at once, and who is held back for its flapping comes back as soon as its
 * cool-down is over.
 */
export function relieve(state: HealthState, now: Milliseconds): HealthChange {
  if (state.status === "ejected") return endEjection(state, now, "ejected, but nobody else of its pool is well");
  if (state.status !== "unhealthy" || !isHeld(state, now)) return { state, flipped: false };
  return { state: { ...state, heldUntil: now, probeAt: Math.max(now, state.coolsUntil) }, flipped: false };
}
