import type { Clock } from "./clock.ts";
import type { Milliseconds } from "./units.ts";

/** Tells of something that may happen often: the first time at once, and then at most once in an interval. */
export class Seldom {
  private readonly clock: Clock;
  private readonly interval: Milliseconds;
  private readonly tell: (times: number, reason: string) => void;
  private toldAt = Number.NEGATIVE_INFINITY;
  private times = 0;

  /** @param tell given how often it has happened since it was told last, and why it has now */
  constructor(clock: Clock, interval: Milliseconds, tell: (times: number, reason: string) => void) {
    this.clock = clock;
    this.interval = interval;
    this.tell = tell;
  }

  /** It has happened. */
  note(reason = ""): void {
    this.times += 1;
    const now = this.clock.now();
    if (now - this.toldAt < this.interval) return;
    this.toldAt = now;
    const { times } = this;
    this.times = 0;
    this.tell(times, reason);
  }
}
