import { shareOf } from "./room.ts";
import type { Room } from "./room.ts";
import type { Seat } from "./seat.ts";

/** Shares out what an instance has room for among its workers. */
export class Shares {
  room: Room;
  private readonly seats: ReadonlyMap<number, Seat>;

  constructor(room: Room, seats: ReadonlyMap<number, Seat>) {
    this.room = room;
    this.seats = seats;
  }

  /** What a worker may have beside those in its place that are older and have not gone yet. */
  of({ id, place }: Seat): number {
    let held = 0;
    for (const seat of this.seats.values()) if (seat.place === place && seat.id < id) held += seat.connectionsMax;
    return shareOf(this.room, place, held);
  }

  /** What older workers in this place have held until now others may have. */
  anew(place: number): void {
    for (const seat of this.seats.values()) if (seat.place === place) seat.allow(this.of(seat));
  }

  /** There is room for another number from now on. */
  change(room: Room): void {
    this.room = room;
    for (const seat of this.seats.values()) seat.allow(this.of(seat));
  }
}
