import type { Milliseconds } from "../base/index.ts";

/** How fast something may happen. */
export interface BucketTerms {
  /** Tokens that come per second, above 0. */
  readonly rate: number;
  /** Tokens that are kept at most, at least 1. */
  readonly burst: number;
}

const SECOND: Milliseconds = 1_000;

/**
 * A token bucket: in any time there are at most `burst` tokens, and `rate` for each of its seconds. It begins full.
 *
 * It does not count tokens but remembers when it would be full again (the generic cell rate algorithm of ATM), so that
 * nothing is lost to rounding, and {@link readyAt} tells the very time at which {@link take} says yes.
 */
export class TokenBucket {
  private interval: Milliseconds;
  private burst: number;
  private fullAt: Milliseconds;

  /** @param now monotonic time */
  constructor({ rate, burst }: BucketTerms, now: Milliseconds) {
    this.interval = SECOND / rate;
    this.burst = burst;
    this.fullAt = now;
  }

  /** Takes a token, if there is one. */
  take(now: Milliseconds): boolean {
    if (now < this.firstToken()) return false;
    this.fullAt = Math.max(this.fullAt, now) + this.interval;
    return true;
  }

  /** When there is a token, if nobody takes one before: `now` or later. */
  readyAt(now: Milliseconds): Milliseconds {
    return Math.max(now, this.firstToken());
  }

  /** Other terms from now on. There are as many tokens as before, as far as they still fit. */
  change({ rate, burst }: BucketTerms, now: Milliseconds): void {
    const tokens = this.burst - Math.max(0, this.fullAt - now) / this.interval;
    this.interval = SECOND / rate;
    this.burst = burst;
    this.fullAt = now + (burst - Math.min(tokens, burst)) * this.interval;
  }

  private firstToken(): Milliseconds {
    return this.fullAt - (this.burst - 1) * this.interval;
  }
}
