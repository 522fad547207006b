import { setTimeout as delay } from "node:timers/promises";

import type { Milliseconds } from "../base/index.ts";

import type { BackendLoad } from "./succession.ts";

/** Looks at loads again and again, and tells those that have changed. */
export class LoadNews {
  private readonly look: () => Promise<readonly BackendLoad[]>;
  private readonly tell: (changes: readonly BackendLoad[]) => void;
  private readonly interval: Milliseconds;
  private readonly told = new Map<string, number>();
  private stopped = false;

  /**
   * @param look gives all loads
   * @param tell gets those that are not what was told last; at first all but those of nothing
   * @param interval between two looks
   */
  constructor(
    look: () => Promise<readonly BackendLoad[]>,
    tell: (changes: readonly BackendLoad[]) => void,
    interval: Milliseconds,
  ) {
    this.look = look;
    this.tell = tell;
    this.interval = interval;
  }

  /** Goes on until it is stopped. */
  async follow(): Promise<void> {
    while (!this.stopped) {
      const loads = await this.look();
      if (!this.isStopped()) this.compare(loads);
      await delay(this.interval, undefined, { ref: false });
    }
  }

  /** Looks and tells no more. */
  stop(): void {
    this.stopped = true;
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  private compare(loads: readonly BackendLoad[]): void {
    const changes = loads.filter(([pool, backend, load]) => (this.told.get(`${pool} ${backend}`) ?? 0) !== load);
    for (const [pool, backend, load] of changes) this.told.set(`${pool} ${backend}`, load);
    if (changes.length > 0) this.tell(changes);
  }
}
