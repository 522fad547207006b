import type { Milliseconds } from "../base/index.ts";

/** Most backends that a worker dials at a time for the tunnels of one pool. */
const DIALS_MAX = 64;
/** Tunnels that have had data for less than this time ago are in use: they come before all others. */
const IN_USE_WITHIN_MS: Milliseconds = 10_000;

/** A tunnel that waits for another backend. */
export interface Waiting {
  readonly isWanted: boolean;
  readonly idleMs: Milliseconds;
  /** Never rejects. */
  run(): Promise<void>;
}

interface Line {
  running: number;
  readonly inUse: Waiting[];
  readonly idle: Waiting[];
}

/** Paces what follows the loss of a backend with many tunnels: a few at a time, those in use first. */
export class RehomingQueue {
  private readonly lines = new Map<string, Line>();

  /** Lets a tunnel look for a backend as soon as it is its turn. */
  add(pool: string, waiting: Waiting): void {
    let line = this.lines.get(pool);
    if (line === undefined) this.lines.set(pool, (line = { running: 0, inUse: [], idle: [] }));
    (waiting.idleMs < IN_USE_WITHIN_MS ? line.inUse : line.idle).push(waiting);
    this.next(pool, line);
  }

  private next(pool: string, line: Line): void {
    while (line.running < DIALS_MAX) {
      const waiting = line.inUse.shift() ?? line.idle.shift();
      if (waiting === undefined) break;
      if (!waiting.isWanted) continue;
      line.running += 1;
      void waiting.run().then(() => {
        line.running -= 1;
        this.next(pool, line);
      });
    }
    if (line.running === 0) this.lines.delete(pool);
  }
}
