import type { Clock, Milliseconds } from "../base/index.ts";

/** Time that counts of other workers may lag behind. */
const LAG_MS: Milliseconds = 10;
/** Picks within that time above which full scans of lagging counts would send everybody to the same backend. */
const PICKS_PER_LAG_MAX = 8;

/** Tells whether a worker picks faster than the workers can tell each other about it. */
export class PickRate {
  private readonly clock: Clock;
  private windowStart: Milliseconds;
  private picks = 0;
  private previousPicks = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.windowStart = clock.now();
  }

  /** Counts a pick, and says whether there have been many in this or the last window. */
  isHigh(): boolean {
    const elapsed = this.clock.now() - this.windowStart;
    if (elapsed >= LAG_MS) {
      this.previousPicks = elapsed < 2 * LAG_MS ? this.picks : 0;
      this.picks = 0;
      this.windowStart += elapsed;
    }
    this.picks += 1;
    return this.picks > PICKS_PER_LAG_MAX || this.previousPicks > PICKS_PER_LAG_MAX;
  }
}
