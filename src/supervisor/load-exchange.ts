import { LoadBoard } from "./load-board.ts";
import type { LoadChange } from "./messages.ts";
import type { Seat } from "./seat.ts";

/** Tells every worker what the others have: as soon as one tells, or ends. */
export class LoadExchange {
  private readonly board = new LoadBoard();
  private readonly seats: ReadonlyMap<number, Seat>;

  constructor(seats: ReadonlyMap<number, Seat>) {
    this.seats = seats;
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
