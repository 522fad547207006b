import type { Milliseconds } from "../base/index.ts";

const SECOND: Milliseconds = 1_000;
/** A minute, and the second that has only begun. */
const SECONDS_KEPT = 61;

/** Counts by seconds, so that no minute, wherever it begins, has more than so many. */
export class MinuteLimit {
  private readonly most: number;
  private readonly counts = new Float64Array(SECONDS_KEPT);
  private second = 0;
  private sum = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** How many more there may be now. */
  left(now: Milliseconds): number {
    this.goOn(now);
    return Math.max(0, this.most - this.sum);
  }

  add(now: Milliseconds, count: number): void {
    this.goOn(now);
    const slot = this.second % SECONDS_KEPT;
    this.counts[slot] = (this.counts[slot] ?? 0) + count;
    this.sum += count;
  }

  /** Forgets the seconds that are over for longer than a minute. */
  private goOn(now: Milliseconds): void {
    const second = Math.max(this.second, Math.floor(now / SECOND));
    const passed = Math.min(SECONDS_KEPT, second - this.second);
    for (let step = 0; step < passed; step += 1) {
      const slot = (second - step) % SECONDS_KEPT;
      this.sum -= this.counts[slot] ?? 0;
      this.counts[slot] = 0;
    }
    this.second = second;
  }
}
