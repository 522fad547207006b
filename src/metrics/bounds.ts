/** Bounds of the buckets in which is counted, in base units. */

/** Seconds of answers and handshakes, heartbeats included: from what a machine does by itself to what people give up at. */
export const LATENCY_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** Seconds of tunnels: from a second to a week. */
export const LIFETIME_SECONDS: readonly number[] = [1, 10, 60, 300, 1_800, 3_600, 14_400, 43_200, 86_400, 604_800];

/** Least and greatest power of two that bounds a bucket of frame sizes; what is smaller or greater shares the outer ones. */
const FRAME_POWER_MIN = 4;
const FRAME_POWER_MAX = 24;

/** Bytes of frames: powers of two. */
export const FRAME_BYTES: readonly number[] = Array.from(
  { length: FRAME_POWER_MAX - FRAME_POWER_MIN + 1 },
  (_, step) => 2 ** (FRAME_POWER_MIN + step),
);
