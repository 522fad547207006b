import { latency, percent, plural, rate, timeOfDay } from "./format.ts";
import { isFlapping } from "./parts.ts";
import type { Backend, Pool } from "./store.ts";

/** What is to be said of a backend that is not simply well, each with its times. */
export function notesOf(backend: Backend): string[] {
  const { health, reason, since, outUntil, flaps, state, stateSince, spared, warming } = backend;
  return [
    health === "healthy" ? "" : timed(reason, since, outUntil, " at least"),
    health === "healthy" && flaps > 0 ? timed(`Well again: ${reason}`, since) : "",
    isFlapping(backend) ? `Fell ${plural(flaps, "time")}` : "",
    spared === null ? "" : timed(`Stands out, but too many are out: ${spared.reason}`, spared.since),
    warming === null ? "" : timed(`Warms up: ${percent(warming.share)} of its weight`, warming.since, warming.until),
    state === "active" ? "" : timed(state === "draining" ? "Drained" : "Removed", stateSince),
  ].filter((note) => note !== "");
}

/** What the pool's balancing method goes by; empty where it measures nothing, or nothing is known yet. */
export function measuredOf({ measured }: Backend): string {
  if (measured === null) return "";
  const { activity, handshakeMs, roundTripMs, reported } = measured;
  return [
    activity === null ? "" : `activity ${rate(activity)}`,
    handshakeMs === null ? "" : `handshake ${latency(handshakeMs)}`,
    roundTripMs === null ? "" : `round trip ${latency(roundTripMs)}`,
    reported === null ? "" : `says ${percent(reported.load)} of load`,
  ]
    .filter((text) => text !== "")
    .join(" · ");
}

/** Why all backends of a pool are tried, and since when; empty while they are not. */
export function panicOf({ panicking }: Pool): string {
  return panicking === null ? "" : timed(`${panicking.reason}: all are tried`, panicking.since);
}

function timed(what: string, since: string, until: string | null = null, least = ""): string {
  const end = until === null ? "" : `, until ${timeOfDay(until)}${least}`;
  return `${what} (since ${timeOfDay(since)}${end})`;
}
