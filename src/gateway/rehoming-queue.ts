import type { Milliseconds } from "../base/index.ts";

/** Most backends that a worker dials at a time for the tunnels of one pool. */
const DIALS_MAX = 64;
/** Tunnels that have had data for less than this time ago are in use: they come before all others. */
const IN_USE_WITHIN_MS: Milliseconds = 10_000;

interface Line {
  running: number;
  readonly inUse: (() => void)[];
  readonly idle: (() => void)[];
}

/** Paces what follows the loss of a backend with many tunnels: a few dials at a time, those of tunnels in use first. */
export class RehomingQueue {
  private readonly lines = new Map<string, Line>();

  /**
   * Waits for a tunnel's turn to dial. Whoever has it ends it with `leave`, exactly once, and waits for nothing else meanwhile.
   *
   * @param idleMs time since the tunnel's last data
   */
  enter(pool: string, idleMs: Milliseconds): Promise<void> {
    let line = this.lines.get(pool);
    if (line === undefined) this.lines.set(pool, (line = { running: 0, inUse: [], idle: [] }));
    if (line.running < DIALS_MAX) {
      line.running += 1;
      return Promise.resolve();
    }
    const waiting = idleMs < IN_USE_WITHIN_MS ? line.inUse : line.idle;
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  }

  /** A turn is over. */
  leave(pool: string): void {
    const line = this.lines.get(pool);
    if (line === undefined) return;
    const next = line.inUse.shift() ?? line.idle.shift();
    if (next !== undefined) next();
    else if (line.running === 1) this.lines.delete(pool);
    else line.running -= 1;
  }
}
