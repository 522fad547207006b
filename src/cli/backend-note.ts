import type { Milliseconds } from "../base/index.ts";

import type { BackendView } from "./admin-shapes.ts";
import { share, span } from "./format.ts";

/** Penalty from which on it is worth telling that a backend flaps: it has fallen twice lately. */
const FLAPPING = 1.5;

/**
 * What is to be said of a backend that is not simply well: why, for how long, and for how long still. Empty where there
 * is nothing.
 *
 * @param now milliseconds since the epoch
 */
export function backendNote(backend: BackendView, now: Milliseconds): string {
  const { health, reason, since, outUntil, flaps, penalty, state, stateSince, spared, warming } = backend;
  const notes = [
    health === "healthy" ? "" : timed(reason, since, outUntil, now),
    health === "healthy" && flaps > 0 ? timed(`well again: ${reason}`, since, null, now) : "",
    penalty >= FLAPPING ? `flaps: fell ${flaps} times` : "",
    spared === null ? "" : timed(`stands out, but too many are out: ${spared.reason}`, spared.since, null, now),
    warming === null
      ? ""
      : timed(`warms up: ${share(warming.share, 1)} of its weight`, warming.since, warming.until, now),
    state === "active" ? "" : timed(state, stateSince, null, now),
  ];
  return notes.filter((note) => note !== "").join("; ");
}

/** What is so, with its times where they are known: an instance of another version may not tell them. */
function timed(what: string, since: string | null, until: string | null, now: Milliseconds): string {
  const times = [
    since === null ? "" : `for ${span(now - Date.parse(since))}`,
    until === null ? "" : `${span(Date.parse(until) - now)} to go`,
  ].filter((text) => text !== "");
  return times.length === 0 ? what : `${what} (${times.join(", ")})`;
}
