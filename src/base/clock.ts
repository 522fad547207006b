/** A source of time. An argument everywhere, so that logic can be tested without waiting. */
export interface Clock {
  /** Monotonic milliseconds, from an arbitrary origin. */
  now(): number;
  /** Milliseconds since the Unix epoch, for what people and logs read. */
  wall(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
};
