import { backendKey } from "../base/index.ts";
import { NO_READING } from "../pool/index.ts";
import type { BackendReading } from "../pool/index.ts";

import { GaugeExchange } from "./gauge-exchange.ts";
import { LoadBoard } from "./load-board.ts";
import type { LoadChange } from "./messages.ts";
import type { Seat } from "./seat.ts";

/** Among workers, the process that this one replaces. */
const PREDECESSOR_ID = 0;

/** Tells every worker what the others have: as soon as one tells, or ends. */
export class LoadExchange {
  /** What they have measured, which is less urgent. */
  readonly gauges: GaugeExchange;
  private readonly board = new LoadBoard();
  private readonly seats: ReadonlyMap<number, Seat>;
  /** What it has last told of each backend. */
  private readonly predecessor = new Map<string, BackendReading>();

  constructor(seats: ReadonlyMap<number, Seat>) {
    this.seats = seats;
    this.gauges = new GaugeExchange(seats);
    this.join(PREDECESSOR_ID);
  }

  /** Takes over what the process that this one replaces has on backends. */
  setPredecessor(loads: readonly LoadChange[]): void {
    this.take(PREDECESSOR_ID, loads);
  }

  /** Takes over what its tunnels carry on backends, those that are mentioned: it counts as one more worker's. */
  setPredecessorActivity(known: readonly (readonly [pool: string, backend: string, activity: number])[]): void {
    for (const [pool, backend, activity] of known)
      this.predecessor.set(backendKey(pool, backend), [pool, backend, { ...NO_READING, activity }]);
    if (this.predecessor.size > 0) this.gauges.take(PREDECESSOR_ID, [...this.predecessor.values()]);
  }

  /** The process that this one replaces is gone. */
  clearPredecessor(): void {
    this.predecessor.clear();
    this.leave(PREDECESSOR_ID);
  }

  /** Somebody comes, who has nothing yet. */
  join(worker: number): void {
    this.board.addWorker(worker);
  }

  /** What somebody has on backends where that has changed. */
  take(from: number, changes: readonly LoadChange[]): void {
    for (const change of changes) this.board.set(from, change);
    this.tell(from, changes);
  }

  /** Somebody is gone, with all that it had. */
  leave(worker: number): void {
    this.tell(worker, this.board.removeWorker(worker));
    this.gauges.leave(worker);
  }

  /** What one worker has on one backend. */
  own(worker: number, pool: string, backend: string): number {
    return this.board.own(worker, pool, backend);
  }

  /** What all have on one backend. */
  total(pool: string, backend: string): number {
    return this.board.total(pool, backend);
  }

  /** What the others have, wherever they have something. */
  allOthers(worker: number): LoadChange[] {
    return this.board.allOthers(worker);
  }

  private tell(from: number, changes: readonly LoadChange[]): void {
    for (const [pool, backend] of changes) {
      for (const seat of this.seats.values()) {
        if (seat.id !== from) seat.loads.change(pool, backend, this.board.others(seat.id, pool, backend));
      }
    }
  }
}
