import type { LoadChange } from "./messages.ts";

/** Least time between two messages about loads: nobody is told more often, and nobody later than this. */
const MESSAGE_INTERVAL_MS = 3;

/** Gathers changed loads and sends the latest of each: the first at once, those that follow together. */
export class LoadCoalescer {
  private readonly send: (changes: readonly LoadChange[]) => void;
  private readonly waiting = new Map<string, LoadChange>();
  private timer: NodeJS.Timeout | undefined;

  constructor(send: (changes: readonly LoadChange[]) => void) {
    this.send = send;
  }

  change(pool: string, index: number, load: number): void {
    this.waiting.set(`${pool} ${index}`, [pool, index, load]);
    if (this.timer !== undefined) return;
    this.flush();
    this.timer = setTimeout(() => this.onInterval(), MESSAGE_INTERVAL_MS);
    this.timer.unref();
  }

  /** Sends nothing more. */
  stop(): void {
    clearTimeout(this.timer);
    this.waiting.clear();
  }

  private onInterval(): void {
    this.timer = undefined;
    if (this.waiting.size === 0) return;
    this.flush();
    this.timer = setTimeout(() => this.onInterval(), MESSAGE_INTERVAL_MS);
    this.timer.unref();
  }

  private flush(): void {
    const changes = [...this.waiting.values()];
    this.waiting.clear();
    this.send(changes);
  }
}
