import type { Milliseconds } from "../base/index.ts";

/** After so long without a sample nothing is known any more: twice the default interval of heartbeats. */
const FORGET_AFTER_MS: Milliseconds = 60_000;

/**
 * An exponentially weighted mean that believes the worse at once and the better with time: who has just become slow is
 * avoided now, and who answers fast again has to do it for a while.
 */
export class PeakMean {
  /** Undefined when nothing is known. */
  value: number | undefined;
  private silence: Milliseconds = 0;

  /** Goes on from what somebody else knew. */
  begin(value: number): void {
    this.value = value;
    this.silence = 0;
  }

  /**
   * Goes on by some time, in which there were some samples.
   *
   * @param sum of the samples, of which there were `count`
   * @param decay time constant with which a peak is forgotten
   */
  advance(elapsed: Milliseconds, sum: number, count: number, decay: Milliseconds): void {
    this.silence += elapsed;
    if (count > 0) {
      const sample = sum / count;
      const kept = this.value === undefined ? 0 : Math.exp(-this.silence / decay);
      this.value = Math.max(sample, sample + ((this.value ?? 0) - sample) * kept);
      this.silence = 0;
    } else if (this.silence > FORGET_AFTER_MS) this.value = undefined;
  }
}
