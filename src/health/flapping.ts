import type { Milliseconds } from "../base/index.ts";
import type { HealthOptions } from "./options.ts";
import type { HealthState } from "./state.ts";

/** What each fall adds to the penalty. */
const PENALTY_PER_FALL = 1;

/** What flapping has made of a state. */
export type Flapping = Pick<HealthState, "flaps" | "penalty" | "penaltyAt" | "heldUntil">;

/** What is left of a backend's penalty by now: it halves in each half-life. */
export function penaltyNow(
  { penalty, penaltyAt }: HealthState,
  now: Milliseconds,
  { flapping }: HealthOptions,
): number {
  return flapping === "off" ? 0 : penalty * 2 ** (-(now - penaltyAt) / flapping.halfLife);
}

/**
 * A backend leaves those that are well: its penalty grows, and above the limit it is held back until it has decayed,
 * but no longer than `maxHold`.
 */
export function noteFall(state: HealthState, now: Milliseconds, options: HealthOptions): Flapping {
  const { flapping } = options;
  const flaps = state.flaps + 1;
  if (flapping === "off") return { flaps, penalty: 0, penaltyAt: now, heldUntil: now };
  const penalty = penaltyNow(state, now, options) + PENALTY_PER_FALL;
  const { limit, reuse, halfLife, maxHold } = flapping;
  if (penalty <= limit) return { flaps, penalty, penaltyAt: now, heldUntil: now };
  const hold = Math.min(maxHold, halfLife * Math.log2(penalty / reuse));
  return { flaps, penalty, penaltyAt: now, heldUntil: now + hold };
}

/** Whether a backend is held back by now beyond what else keeps it out. */
export function isHeld({ status, heldUntil, coolsUntil }: HealthState, now: Milliseconds): boolean {
  return status !== "healthy" && heldUntil > now && heldUntil > coolsUntil;
}

/** Why the health is what it is, with what flapping adds to it. */
export function reasonOf(state: HealthState, now: Milliseconds): string {
  return isHeld(state, now) ? `${state.reason}; it flaps, and is held back` : state.reason;
}
