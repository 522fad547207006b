import { Socket } from "node:net";

import type { Clock, Milliseconds } from "../base/index.ts";
import { discard } from "../wire/index.ts";
import type { Accepted } from "../wire/index.ts";

import type { Seat } from "./seat.ts";

/** How long the worker whose turn it is may take to take a connection, before others are given its share. */
const TAKING_TIME_MAX_MS: Milliseconds = 100;

interface Waiting {
  readonly listener: string;
  readonly accepted: Accepted;
}

/** What happens to connections that no worker gets. */
export interface HandoverWorld {
  readonly clock: Clock;
  /** Connections that wait while no worker can take them. */
  readonly waitingMax: number;
  /** Told of those beyond; to end them is up to it. */
  readonly refused: (listener: string, accepted: Accepted) => void;
}

/**
 * Gives each new connection to the worker that has the most room, one at a time: workers that may have as many tunnels as
 * the others get as many connections, so that sockets stay even.
 *
 * A connection is given at the end of the turn of the event loop in which it came: what workers told before its client
 * could connect has been heard by then, and is told to the worker first. So a client that waits for one socket before it
 * opens the next finds the first one counted, whichever workers the two get.
 */
export class Handover {
  private readonly seats: ReadonlyMap<number, Seat>;
  private readonly world: HandoverWorld;
  private readonly waiting: Waiting[] = [];
  private readonly asked = new WeakSet<Seat>();
  private turnEnd: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  private onEmpty: (() => void) | undefined;
  private stopped = false;

  constructor(seats: ReadonlyMap<number, Seat>, world: HandoverWorld) {
    this.seats = seats;
    this.world = world;
  }

  /** A connection has come in. */
  add(listener: string, accepted: Accepted): void {
    // Its client may go away while it waits.
    if (accepted instanceof Socket) accepted.on("error", () => {});
    if (this.stopped) discard(accepted);
    else if (this.waiting.length >= this.world.waitingMax) this.world.refused(listener, accepted);
    else if (this.waiting.length > 0 || !this.giveOnly(listener, accepted)) {
      this.waiting.push({ listener, accepted });
      this.wake();
    }
  }

  /** A worker may be able to take more now. */
  wake(): void {
    if (this.waiting.length > 0) this.turnEnd ??= setImmediate(() => this.giveAll());
  }

  /** Resolves when nobody waits. */
  async emptied(): Promise<void> {
    while (this.waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.onEmpty = resolve;
      });
    }
  }

  /** Gives nothing more; what waits is dropped. */
  stop(): void {
    this.stopped = true;
    clearImmediate(this.turnEnd);
    clearTimeout(this.timer);
    for (const { accepted } of this.waiting) discard(accepted);
    this.waiting.length = 0;
    this.onEmpty?.();
  }

  /** With one worker there is nothing to choose, and nothing to wait for. */
  private giveOnly(listener: string, accepted: Accepted): boolean {
    const [only, ...rest] = this.seats.values();
    if (only === undefined || rest.length > 0 || !only.ready || only.leaving || only.isTaking) return false;
    only.give(listener, accepted, this.world.clock.now());
    return true;
  }

  private giveAll(): void {
    this.turnEnd = undefined;
    for (let seat = this.next(); seat !== undefined; seat = this.next()) {
      const first = this.waiting.shift();
      if (first === undefined) return;
      seat.give(first.listener, first.accepted, this.world.clock.now());
    }
    if (this.waiting.length === 0) this.onEmpty?.();
  }

  /** Whose turn it is; undefined when everybody has to wait. */
  private next(): Seat | undefined {
    if (this.waiting.length === 0) return undefined;
    const now = this.world.clock.now();
    let best: Seat | undefined;
    for (const seat of this.seats.values()) {
      if (!seat.ready || seat.leaving || this.isStuck(seat, now)) continue;
      if (best === undefined || isBefore(seat, best)) best = seat;
    }
    if (best?.isTaking !== true) return best;
    // Worth waiting for: it tells when it has taken the last one.
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.wake();
    }, TAKING_TIME_MAX_MS);
    return undefined;
  }

  /**
   * A worker that takes nothing is busy or frozen, or has no descriptor left, in which case the connection is lost. Its
   * answer to a question that was sent behind the connection tells that it is there again.
   */
  private isStuck(seat: Seat, now: Milliseconds): boolean {
    if (!seat.isTaking || now - seat.givenAt < TAKING_TIME_MAX_MS) return false;
    if (!this.asked.has(seat)) {
      this.asked.add(seat);
      void seat.ping().then(() => {
        this.asked.delete(seat);
        seat.isTaking = false;
        this.wake();
      });
    }
    return true;
  }
}

function isBefore(seat: Seat, other: Seat): boolean {
  return seat.room === other.room ? seat.givenAt < other.givenAt : seat.room > other.room;
}
