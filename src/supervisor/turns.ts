import type { Milliseconds } from "../base/index.ts";
import type { Bound } from "../wire/index.ts";

import type { Seat } from "./seat.ts";

/** How often it is looked whether the worker whose turn it is is still alive, and how long it may take to answer. */
const CHECK_INTERVAL_MS: Milliseconds = 250;
/** How long a worker that could not accept gets no turn. */
const REST_MS: Milliseconds = 250;

/** One address, and whose turn it is. */
interface Door {
  readonly listener: string;
  readonly bound: Bound;
  holder: Seat | undefined;
  /** Number of the latest turn. */
  turn: number;
  /** Why the worker that had it last could not accept, if it could not. */
  error: NodeJS.ErrnoException | undefined;
}

/**
 * Lets one worker at a time accept, the one that has the most room; the listening socket itself is what is passed
 * around. So sockets stay even over workers, each knows what the others have chosen before it chooses itself, and the
 * supervisor touches no connection.
 */
export class Turns {
  private readonly seats: ReadonlyMap<number, Seat>;
  /** By the name of the listener. */
  private readonly doors = new Map<string, Door>();
  /** Of those who were asked whether they are alive and have not answered. */
  private readonly asked = new Set<Seat>();
  private readonly resting = new WeakMap<Seat, NodeJS.Timeout>();
  private readonly checks: NodeJS.Timeout;
  private given = 0;
  private stopped = false;

  constructor(seats: ReadonlyMap<number, Seat>) {
    this.seats = seats;
    this.checks = setInterval(() => this.check(), CHECK_INTERVAL_MS);
    this.checks.unref();
  }

  /** Has an address accepted at from now on. */
  open(listener: string, bound: Bound): void {
    const door: Door = { listener, bound, holder: undefined, turn: 0, error: undefined };
    this.doors.set(listener, door);
    this.give(door);
  }

  /** Lets go of an address. Whoever accepts there is told by its new configuration. */
  shut(listener: string): void {
    this.doors.get(listener)?.bound.close();
    this.doors.delete(listener);
  }

  /** Somebody may be able to accept now. */
  wake(): void {
    for (const door of this.doors.values()) if (door.holder === undefined) this.give(door);
  }

  /** A worker has let go of an address. @param error why, if it is because it could not accept */
  passed(seat: Seat, listener: string, turn: number, error: NodeJS.ErrnoException | undefined): void {
    if (error !== undefined) this.rest(seat);
    const door = this.doors.get(listener);
    // Of a worker that was taken for dead, the turn has long gone to another one.
    if (door?.holder !== seat || door.turn !== turn) return;
    door.holder = undefined;
    door.error = error;
    this.give(door);
  }

  /** A worker is gone, or is to accept nothing more. */
  leave(seat: Seat): void {
    for (const door of this.doors.values()) if (door.holder === seat) door.holder = undefined;
    this.wake();
  }

  /** Resolves when those whose turn it is do accept, or with the first address at which they cannot. */
  async standing(): Promise<{ readonly listener: string; readonly error: NodeJS.ErrnoException } | undefined> {
    const doors = [...this.doors.values()];
    await Promise.all(doors.flatMap(({ holder }) => holder?.ping() ?? []));
    const failed = doors.find(({ error }) => error !== undefined);
    return failed?.error === undefined ? undefined : { listener: failed.listener, error: failed.error };
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.checks);
    for (const { bound } of this.doors.values()) bound.close();
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
      if (!seat.ready || seat.leaving || this.asked.has(seat) || this.resting.has(seat)) continue;
      if (best === undefined || isBefore(seat, best)) best = seat;
    }
    return best;
  }

  private rest(seat: Seat): void {
    clearTimeout(this.resting.get(seat));
    const over = (): void => {
      this.resting.delete(seat);
      this.wake();
    };
    this.resting.set(seat, setTimeout(over, REST_MS).unref());
  }

  /** A worker that is frozen, or busy for long, must not keep clients waiting. */
  private check(): void {
    // What has gone without anything else to be told of is room as well.
    for (const seat of this.seats.values()) if (seat.ready && !seat.isPinged && !this.holds(seat)) void seat.ping();
    for (const door of this.doors.values()) {
      const { holder } = door;
      if (holder === undefined) this.give(door);
      else if (this.asked.has(holder)) this.withdraw(door, holder);
      else this.ask(holder);
    }
  }

  private holds(seat: Seat): boolean {
    return [...this.doors.values()].some(({ holder }) => holder === seat);
  }

  /** Gives the turn to another. If the one that had it is alive after all, it lets go as soon as it hears of that. */
  private withdraw(door: Door, holder: Seat): void {
    const { turn } = door;
    this.give(door);
    if (door.holder !== holder) holder.handle.send({ type: "withdraw", turn });
  }

  private ask(seat: Seat): void {
    this.asked.add(seat);
    void seat.ping().then(() => {
      this.asked.delete(seat);
      this.wake();
    });
  }
}

function isBefore(seat: Seat, other: Seat): boolean {
  return seat.room === other.room ? seat.turn < other.turn : seat.room > other.room;
}
