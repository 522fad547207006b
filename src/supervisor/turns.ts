import type { Milliseconds } from "../base/index.ts";
import type { Bound } from "../wire/index.ts";

import type { Seat } from "./seat.ts";

/** How often it is looked whether the worker whose turn it is is still alive, and how long it may take to answer. */
const CHECK_INTERVAL_MS: Milliseconds = 250;
/** How long a worker that could not accept gets no turn, while there are others. */
const REST_MS: Milliseconds = 250;

/** One address, and whose turn it is. */
interface Door {
  readonly listener: number;
  readonly bound: Bound;
  holder: Seat | undefined;
  /** Number of the latest turn. */
  turn: number;
}

/**
 * Lets one worker at a time accept, the one that has the most room; the listening socket itself is what is passed
 * around. So sockets stay even over workers, each knows what the others have chosen before it chooses itself, and the
 * supervisor touches no connection.
 */
export class Turns {
  private readonly seats: ReadonlyMap<number, Seat>;
  private readonly doors: readonly Door[];
  /** Of those who were asked whether they are alive and have not answered. */
  private readonly asked = new Set<Seat>();
  private readonly resting = new WeakMap<Seat, NodeJS.Timeout>();
  private readonly checks: NodeJS.Timeout;
  private given = 0;
  private stopped = false;

  /** @param bounds in the order of the configuration's listeners */
  constructor(bounds: readonly Bound[], seats: ReadonlyMap<number, Seat>) {
    this.seats = seats;
    this.doors = bounds.map((bound, listener) => ({ listener, bound, holder: undefined, turn: 0 }));
    this.checks = setInterval(() => this.check(), CHECK_INTERVAL_MS);
    this.checks.unref();
  }

  /** Somebody may be able to accept now. */
  wake(): void {
    for (const door of this.doors) if (door.holder === undefined) this.give(door);
  }

  /** A worker has let go of an address. @param failed whether it could not accept */
  passed(seat: Seat, listener: number, turn: number, failed: boolean): void {
    if (failed) this.rest(seat);
    const door = this.doors[listener];
    // Of a worker that was taken for dead, the turn has long gone to another one.
    if (door?.holder !== seat || door.turn !== turn) return;
    door.holder = undefined;
    this.give(door);
  }

  /** A worker is gone, or is to accept nothing more. */
  leave(seat: Seat): void {
    for (const door of this.doors) if (door.holder === seat) door.holder = undefined;
    this.wake();
  }

  /** Resolves when those whose turn it is do accept. */
  async standing(): Promise<void> {
    await Promise.all(this.doors.flatMap(({ holder }) => holder?.count() ?? []));
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.checks);
    for (const { bound } of this.doors) bound.close();
  }

  private give(door: Door): void {
    const seat = this.stopped ? undefined : this.roomiest();
    if (seat === undefined) return;
    this.given += 1;
    door.holder = seat;
    door.turn = this.given;
    seat.giveTurn(door.listener, door.turn, door.bound);
  }

  /** Whose turn it is next; among equals who has waited longest. */
  private roomiest(): Seat | undefined {
    let best: Seat | undefined;
    for (const seat of this.seats.values()) {
      if (!seat.ready || seat.leaving || this.asked.has(seat)) continue;
      if (best === undefined || this.isBefore(seat, best)) best = seat;
    }
    return best;
  }

  private isBefore(seat: Seat, other: Seat): boolean {
    const rests = this.resting.has(seat);
    if (rests !== this.resting.has(other)) return !rests;
    return seat.room === other.room ? seat.turn < other.turn : seat.room > other.room;
  }

  private rest(seat: Seat): void {
    clearTimeout(this.resting.get(seat));
    const over = (): void => void this.resting.delete(seat);
    this.resting.set(seat, setTimeout(over, REST_MS).unref());
  }

  /** A worker that is frozen, or busy for long, must not keep clients waiting. */
  private check(): void {
    for (const door of this.doors) {
      const { holder } = door;
      if (holder === undefined) this.give(door);
      else if (this.asked.has(holder)) this.give(door);
      else this.ask(holder);
    }
  }

  private ask(seat: Seat): void {
    this.asked.add(seat);
    void seat.count().then(() => {
      this.asked.delete(seat);
      this.wake();
    });
  }
}
