import { z } from "zod";

import type { Milliseconds } from "../base/index.ts";
import type { HealthOptions } from "./options.ts";
import type { HealthState } from "./state.ts";

const time = z.number();
const amount = z.number().nonnegative();

/** A state that has come from another process, and may be of another version. */
export const healthStateSchema: z.ZodType<HealthState> = z.object({
  status: z.enum(["healthy", "unhealthy", "probing", "ejected"]),
  since: time,
  reason: z.string(),
  failures: amount,
  successes: amount,
  countedAt: z.object({
    "dial-failed": time.exactOptional(),
    "protocol-error": time.exactOptional(),
    "heartbeat-timeout": time.exactOptional(),
    "unexpected-close": time.exactOptional(),
  }),
  samples: z
    .object({ start: time, failures: amount, total: amount, previousFailures: amount, previousTotal: amount })
    .optional(),
  cooldown: amount,
  probeAt: time,
  coolsUntil: time,
  heldUntil: time,
  flaps: amount,
  penalty: amount,
  penaltyAt: time,
  ejection: amount,
  probeFailures: amount,
});

/** The same state by a clock that is ahead by so much. */
export function shiftHealth(state: HealthState, by: Milliseconds): HealthState {
  const { countedAt, samples } = state;
  return {
    ...state,
    since: state.since + by,
    countedAt: Object.fromEntries(Object.entries(countedAt).map(([signal, at]) => [signal, at + by])),
    samples: samples && { ...samples, start: samples.start + by },
    probeAt: state.probeAt + by,
    coolsUntil: state.coolsUntil + by,
    heldUntil: state.heldUntil + by,
    penaltyAt: state.penaltyAt + by,
  };
}

/**
 * What another process knew of a backend, as this one goes on from it. Nobody is kept out for longer than this
 * process's own options could have done, and a probe that was under way is begun anew, since its outcome is told to
 * the other one.
 *
 * @param state by this process's clock
 */
export function inheritHealth(state: HealthState, now: Milliseconds, options: HealthOptions): HealthState {
  const { flapping, outliers, maxCooldown, failureRate } = options;
  const maxHold = flapping === "off" ? 0 : flapping.maxHold;
  const maxEjection = outliers === "off" ? 0 : outliers.maxEjection;
  const maxOut = state.status === "ejected" ? maxEjection : maxCooldown;
  const coolsUntil = Math.min(state.coolsUntil, now + maxOut);
  const heldUntil = Math.min(state.heldUntil, now + maxHold);
  return {
    ...state,
    since: Math.min(state.since, now),
    samples: failureRate === "off" ? undefined : state.samples,
    cooldown: Math.min(state.cooldown, maxCooldown),
    ejection: Math.min(state.ejection, maxEjection),
    penaltyAt: Math.min(state.penaltyAt, now),
    coolsUntil,
    heldUntil,
    probeAt: state.status === "probing" ? now : Math.max(coolsUntil, heldUntil),
  };
}
