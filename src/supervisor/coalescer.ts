import type { Milliseconds } from "../base/index.ts";

import type { LoadChange } from "./messages.ts";

/** Least time between two messages about loads: beyond a hundred a second they would cost more than they tell. */
export const LOAD_INTERVAL_MS: Milliseconds = 10;

/**
 * Gathers the loads that change and sends the latest of each: at the end of the turn of the event loop in which they
 * changed, or, when that would be too soon behind the last message, as soon as it is not.
 *
 * So a change that comes alone is told before anybody can do anything that follows from it, and in a storm many share a
 * message. Who has to be sure that all has been told flushes.
 */
export class LoadCoalescer {
  private readonly send: (changes: readonly LoadChange[]) => void;
  private readonly interval: Milliseconds;
  private readonly waiting = new Map<string, Map<string, LoadChange>>();
  private turnEnd: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  private sentAt = Number.NEGATIVE_INFINITY;

  /** @param interval least time between two messages, a flush aside */
  constructor(interval: Milliseconds, send: (changes: readonly LoadChange[]) => void) {
    this.interval = interval;
    this.send = send;
  }

  change(pool: string, backend: string, load: number): void {
    let changes = this.waiting.get(pool);
    if (changes === undefined) {
      changes = new Map();
      this.waiting.set(pool, changes);
    }
    changes.set(backend, [pool, backend, load]);
    if (this.turnEnd === undefined && this.timer === undefined) this.schedule();
  }

  /** Sends what waits, now. */
  flush(): void {
    this.unschedule();
    if (this.waiting.size === 0) return;
    const changes = [...this.waiting.values()].flatMap((ofPool) => [...ofPool.values()]);
    this.waiting.clear();
    this.sentAt = performance.now();
    this.send(changes);
  }

  /** Sends nothing more of what has changed so far. */
  stop(): void {
    this.unschedule();
    this.waiting.clear();
  }

  private schedule(): void {
    const wait = this.sentAt + this.interval - performance.now();
    if (wait <= 0) this.turnEnd = setImmediate(() => this.flush());
    else this.timer = setTimeout(() => this.flush(), wait);
  }

  private unschedule(): void {
    clearImmediate(this.turnEnd);
    clearTimeout(this.timer);
    this.turnEnd = undefined;
    this.timer = undefined;
  }
}
