import type { Milliseconds } from "../base/index.ts";

/**
 * - `healthy`: takes new work
 * - `unhealthy`: cools down; nobody is sent there
 * - `probing`: a probe is under way or about to be repeated; still takes no new work
 * - `ejected`: it does worse than the others of its pool, and takes no new work for a time
 */
export type HealthStatus = "healthy" | "unhealthy" | "probing" | "ejected";

/** Ways in which a backend fails: what tunnels, requests and probes see of it. */
export type FailureSignal = "dial-failed" | "protocol-error" | "heartbeat-timeout" | "unexpected-close";

/** What can be observed of a backend. */
export type HealthSignal = FailureSignal | "success";

/** What is said about each failure, to people. */
export const FAILURE_TEXT: Readonly<Record<FailureSignal, string>> = {
  "dial-failed": "it could not be connected to",
  "protocol-error": "it broke the protocol",
  "heartbeat-timeout": "it did not answer a heartbeat",
  "unexpected-close": "it closed a connection unexpectedly",
};

/** Outcomes of the current window and of the one before it. */
export interface RateSamples {
  /** When the current window began. */
  readonly start: Milliseconds;
  readonly failures: number;
  readonly total: number;
  readonly previousFailures: number;
  readonly previousTotal: number;
}

/**
 * All that is remembered about one backend's health: a plain value that is never changed, only replaced, and survives
 * JSON.
 */
export interface HealthState {
  readonly status: HealthStatus;
  /** Monotonic time at which the status began. */
  readonly since: Milliseconds;
  /** Why the status is what it is, for people. */
  readonly reason: string;
  /** Failures in a row that counted; 0 unless healthy. */
  readonly failures: number;
  /** Successful probes in a row since it became ill. */
  readonly successes: number;
  /** When a failure of each kind last counted. */
  readonly countedAt: Readonly<Partial<Record<FailureSignal, Milliseconds>>>;
  /** Outcomes for the failure rate; undefined while there are none or the rate is off. */
  readonly samples?: RateSamples | undefined;
  /** Cool-down of the latest fall, before jitter; 0 before the first. */
  readonly cooldown: Milliseconds;
  /** When the next probe may begin, or the ejection ends; no meaning while healthy. */
  readonly probeAt: Milliseconds;
  /** When the cool-down or the ejection ends, flapping left aside. */
  readonly coolsUntil: Milliseconds;
  /** Until when it is held back for its flapping; in the past when it is not. */
  readonly heldUntil: Milliseconds;
  /** How often it has left those that are healthy. */
  readonly flaps: number;
  /** What that has come to by `penaltyAt`; it decays. */
  readonly penalty: number;
  readonly penaltyAt: Milliseconds;
  /** Length of the latest ejection; 0 before the first. */
  readonly ejection: Milliseconds;
  /** Active probes in a row that failed; 0 once that has made it unhealthy. */
  readonly probeFailures: number;
}

/** Another status begins: what was counted towards the end of the one before is over, and nothing is waited for. */
export function beginStatus(state: HealthState, status: HealthStatus, reason: string, now: Milliseconds): HealthState {
  const counts = { failures: 0, successes: 0, probeFailures: 0, countedAt: {}, samples: undefined };
  return { ...state, ...counts, status, since: now, reason, coolsUntil: now, probeAt: now };
}

/** A backend that nothing bad is known of. */
export function initialHealth(now: Milliseconds): HealthState {
  return {
    status: "healthy",
    since: now,
    reason: "no failure has been seen yet",
    failures: 0,
    successes: 0,
    countedAt: {},
    samples: undefined,
    cooldown: 0,
    probeAt: now,
    coolsUntil: now,
    heldUntil: now,
    flaps: 0,
    penalty: 0,
    penaltyAt: now,
    ejection: 0,
    probeFailures: 0,
  };
}
