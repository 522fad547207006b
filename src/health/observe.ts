import { formatDuration } from "../base/index.ts";
import type { Milliseconds, Random } from "../base/index.ts";
import { noteFall } from "./flapping.ts";
import type { HealthOptions } from "./options.ts";
import { nextPause } from "./pause.ts";
import { addSample, failureShare } from "./rate.ts";
import { beginStatus, FAILURE_TEXT } from "./state.ts";
import type { FailureSignal, HealthSignal, HealthState } from "./state.ts";

/** What an observation led to. */
export interface HealthChange {
  /** The state from now on; the same object when nothing worth remembering has happened. */
  readonly state: HealthState;
  /** Whether the status is another one than before. */
  readonly flipped: boolean;
}

/** A probe whose outcome nobody has told after so many times its timeout is lost, and another one is due. */
const LOST_PROBE_FACTOR = 2;

/**
 * What an observation of real work (a dial, a tunnel, a request) makes of a backend's health; of probes {@link
 * observeProbe} is told.
 *
 * | status | `success` | a failure |
 * |---|---|---|
 * | healthy | the row of failures begins anew | counts; at the threshold or rate: unhealthy |
 * | unhealthy, probing, ejected | nothing | nothing: what happens to old tunnels is no news, the probe or time decides |
 *
 * @param now monotonic time
 * @param random for the jitter of the cool-down
 */
export function observeHealth(
  state: HealthState,
  signal: HealthSignal,
  now: Milliseconds,
  options: HealthOptions,
  random: Random,
): HealthChange {
  if (state.status !== "healthy") return { state, flipped: false };
  return signal === "success" ? worked(state, now, options) : failed(state, signal, now, options, random);
}

/**
 * What the outcome of a probe makes of a backend's health.
 *
 * | status | `success` | a failure |
 * |---|---|---|
 * | probing | counts; at the threshold: healthy | unhealthy, cooling down for twice as long |
 * | healthy, unhealthy, ejected | nothing: the outcome comes too late | nothing |
 */
export function observeProbe(
  state: HealthState,
  signal: HealthSignal,
  now: Milliseconds,
  options: HealthOptions,
  random: Random,
): HealthChange {
  if (state.status !== "probing") return { state, flipped: false };
  if (signal === "success") return probePassed(state, now, options);
  return fall(state, `the probe failed: ${FAILURE_TEXT[signal]}`, now, options, random);
}

/**
 * Whether it is time to probe: the cool-down is over, the next of several probes is due, or one was never reported
 * back.
 */
export function dueForProbe(state: HealthState, now: Milliseconds): boolean {
  return isIll(state) && now >= state.probeAt;
}

/** A probe begins now. {@link observeProbe} is told its outcome. A healthy backend stays as it is. */
export function beginProbe(state: HealthState, now: Milliseconds, options: HealthOptions): HealthChange {
  if (!isIll(state)) return { state, flipped: false };
  const probeAt = now + LOST_PROBE_FACTOR * options.probe.timeout;
  if (state.status === "probing") return { state: { ...state, probeAt }, flipped: false };
  const reason = `probed after a cool-down of ${formatDuration(Math.round(now - state.since))}; before that: ${state.reason}`;
  return { state: { ...beginStatus(state, "probing", reason, now), probeAt }, flipped: true };
}

/** Whether a backend in this state may get new connections. */
export function takesNewWork(state: HealthState): boolean {
  return state.status === "healthy";
}

/** Whether it needs a probe to come back. */
function isIll({ status }: HealthState): boolean {
  return status === "unhealthy" || status === "probing";
}

function worked(state: HealthState, now: Milliseconds, options: HealthOptions): HealthChange {
  const { failureRate } = options;
  if (failureRate === "off") return { state: state.failures === 0 ? state : { ...state, failures: 0 }, flipped: false };
  return {
    state: { ...state, failures: 0, samples: addSample(state.samples, false, now, failureRate) },
    flipped: false,
  };
}

/**
 * Dials are attempts of their own, so each that fails counts. Tunnels that end together have one cause: of each other
 * kind, only the first failure within the window counts.
 */
function failed(
  state: HealthState,
  signal: FailureSignal,
  now: Milliseconds,
  options: HealthOptions,
  random: Random,
): HealthChange {
  const last = state.countedAt[signal];
  const counts = signal === "dial-failed" || last === undefined || now - last >= options.failureWindow;
  if (!counts) return { state, flipped: false };
  const { failureRate } = options;
  const next: HealthState = {
    ...state,
    failures: state.failures + 1,
    countedAt: { ...state.countedAt, [signal]: now },
    samples: failureRate === "off" ? state.samples : addSample(state.samples, true, now, failureRate),
  };
  const reason = verdict(next, signal, now, options);
  return reason === undefined ? { state: next, flipped: false } : fall(next, reason, now, options, random);
}

/** Why the backend is unhealthy now, or undefined when it is not. */
function verdict(
  state: HealthState,
  signal: FailureSignal,
  now: Milliseconds,
  options: HealthOptions,
): string | undefined {
  const { failureRate, failureThreshold } = options;
  if (state.failures >= failureThreshold) {
    return state.failures === 1
      ? FAILURE_TEXT[signal]
      : `${state.failures} failures in a row, the last: ${FAILURE_TEXT[signal]}`;
  }
  if (failureRate === "off" || state.samples === undefined) return undefined;
  const share = failureShare(state.samples, now, failureRate);
  if (share === undefined || share < failureRate.share) return undefined;
  return `${Math.round(share * 100)} % failures within ${formatDuration(failureRate.window)}, the last: ${FAILURE_TEXT[signal]}`;
}

/** Whatever it was, it is unhealthy now, and its cool-down begins. */
export function fall(
  state: HealthState,
  reason: string,
  now: Milliseconds,
  options: HealthOptions,
  random: Random,
): HealthChange {
  const wasWell = state.status === "healthy";
  const wellFor = wasWell ? now - state.since : 0;
  const cooldown = nextPause(state.cooldown, options.cooldown, options.maxCooldown, wellFor);
  const coolsUntil = now + cooldown * (1 - options.cooldownJitter * random());
  const after: HealthState = wasWell ? { ...state, ...noteFall(state, now, options) } : state;
  const next: HealthState = {
    ...beginStatus(after, "unhealthy", reason, now),
    cooldown,
    ejection: wasWell && isLongWell(state, now, options) ? 0 : state.ejection,
    coolsUntil,
    probeAt: Math.max(coolsUntil, after.heldUntil),
  };
  return { state: next, flipped: true };
}

/** Whether the next ejection is to be as short as the first. */
function isLongWell({ since }: HealthState, now: Milliseconds, { outliers }: HealthOptions): boolean {
  return outliers !== "off" && now - since >= outliers.maxEjection;
}

function probePassed(state: HealthState, now: Milliseconds, options: HealthOptions): HealthChange {
  const successes = state.successes + 1;
  if (successes < options.successThreshold) {
    return { state: { ...state, successes, probeAt: now + options.probe.interval }, flipped: false };
  }
  return recover(state, successes, now);
}

/** It is healthy again, after so many probes in a row. */
export function recover(state: HealthState, successes: number, now: Milliseconds): HealthChange {
  const reason = successes === 1 ? "a probe succeeded" : `${successes} probes in a row succeeded`;
  return { state: beginStatus(state, "healthy", reason, now), flipped: true };
}
