import type { LoadChange } from "./messages.ts";

/**
 * Gathers the loads that change in one turn of the event loop and sends the latest of each at its end.
 *
 * Not later: what a client does after it has heard of a change must find the change told. Not sooner: a busy process has
 * long turns, so that many changes share a message.
 */
export class LoadCoalescer {
  private readonly send: (changes: readonly LoadChange[]) => void;
  private readonly waiting = new Map<string, LoadChange>();
  private turnEnd: NodeJS.Immediate | undefined;

  constructor(send: (changes: readonly LoadChange[]) => void) {
    this.send = send;
  }

  change(pool: string, index: number, load: number): void {
    this.waiting.set(`${pool} ${index}`, [pool, index, load]);
    this.turnEnd ??= setImmediate(() => this.flush());
  }

  /** Sends what waits, now. */
  flush(): void {
    clearImmediate(this.turnEnd);
    this.turnEnd = undefined;
    if (this.waiting.size === 0) return;
    const changes = [...this.waiting.values()];
    this.waiting.clear();
    this.send(changes);
  }

  /** Sends nothing more of what has changed so far. */
  stop(): void {
    clearImmediate(this.turnEnd);
    this.turnEnd = undefined;
    this.waiting.clear();
  }
}
