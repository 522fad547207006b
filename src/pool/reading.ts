/** What a worker has seen of a backend since it last told. All of it adds up over workers. */
export interface Reading {
  /** What its tunnels have carried a second, weighted. */
  readonly activity: number;
  readonly handshakes: number;
  /** Sum of the times that these took, in milliseconds. */
  readonly handshakeMs: number;
  /** Heartbeats that came back. */
  readonly roundTrips: number;
  /** Sum of the times that these took, in milliseconds. */
  readonly roundTripMs: number;
  /** How often the backend has said how loaded it is. */
  readonly reports: number;
  /** Sum of what it said, each from 0 to 1. */
  readonly reported: number;
}

/** The reading of one backend: the pool's name, the backend's name. */
export type BackendReading = readonly [pool: string, backend: string, reading: Reading];

/** Nothing was carried, nobody came, and nothing was said. */
export const NO_READING: Reading = {
  activity: 0,
  handshakes: 0,
  handshakeMs: 0,
  roundTrips: 0,
  roundTripMs: 0,
  reports: 0,
  reported: 0,
};

/** Both together. */
export function addReadings(one: Reading, other: Reading): Reading {
  return {
    activity: one.activity + other.activity,
    handshakes: one.handshakes + other.handshakes,
    handshakeMs: one.handshakeMs + other.handshakeMs,
    roundTrips: one.roundTrips + other.roundTrips,
    roundTripMs: one.roundTripMs + other.roundTripMs,
    reports: one.reports + other.reports,
    reported: one.reported + other.reported,
  };
}

/** What is known when another reading comes before the last has been used: what happened adds up, what flows is the latest. */
export function followedBy(before: Reading, now: Reading): Reading {
  return { ...addReadings(before, now), activity: now.activity };
}

/** Whether it says nothing. */
export function isEmptyReading({ activity, handshakes, roundTrips, reports }: Reading): boolean {
  return activity === 0 && handshakes === 0 && roundTrips === 0 && reports === 0;
}

/** What of it still goes for the next second: what happened has been counted, what flows goes on. */
export function lastingReading({ activity }: Reading): Reading {
  return activity === 0 ? NO_READING : { ...NO_READING, activity };
}
