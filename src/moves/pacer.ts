import type { Milliseconds, Random } from "../base/index.ts";

/** How fast, and how unevenly. */
export interface Pace {
  /** Per second, above 0; may be a fraction. */
  readonly rate: number;
  /** Share (0 to 1) by which the number of each step varies at random. */
  readonly jitter: number;
}

const SECOND: Milliseconds = 1_000;

/**
 * How many of something may happen in each step, so that the mean is a rate while the single step cannot be foretold.
 *
 * What a step was given too much or too little is made up for by the next ones: over any time in which steps are at most
 * a second apart, the sum differs from rate times time by at most 1 plus jitter times the greater of 1 and what one step
 * is due. What could not be used, because there was not so much left or because nobody asked for longer than a second,
 * is not saved up: a pause is not followed by a storm.
 */
export class Pacer {
  /** Per second, above 0; holds from the next step on. */
  rate: number;

  private readonly jitter: number;
  private last: Milliseconds;
  /** What is due and was not given yet; below 0 when more was given. */
  private due = 0;

  /** @param begun monotonic time from which on the rate counts */
  constructor({ rate, jitter }: Pace, begun: Milliseconds) {
    this.rate = rate;
    this.jitter = jitter;
    this.last = begun;
  }

  /**
   * The number for the step that ends now; whole, and at most `left`.
   *
   * @param now monotonic time; one before the last step's counts as that
   */
  step(now: Milliseconds, left: number, random: Random): number {
    const elapsed = Math.min(SECOND, Math.max(0, now - this.last));
    this.last = Math.max(this.last, now);
    const fresh = (elapsed * this.rate) / SECOND;
    this.due += fresh;
    // Where less than one is due in a step, it is the time between two that varies.
    const swing = this.jitter * Math.max(1, fresh) * (2 * random() - 1);
    const wanted = Math.max(0, Math.floor(this.due + swing));
    if (wanted > left) {
      this.due = 0;
      return left;
    }
    this.due -= wanted;
    return wanted;
  }
}
