import type { Milliseconds } from "../base/index.ts";

/** Clients that have not come back after so long have gone elsewhere, or for good. */
const RETURN_TIME: Milliseconds = 10_000;

/**
 * Clients whose tunnels were ended and who are about to come back: each of them needs a place that still looks free. As
 * room shrinks, they are taken to be the ones who took it.
 */
export class Returning {
  private readonly groups: { readonly at: Milliseconds; count: number }[] = [];
  private room = Number.POSITIVE_INFINITY;
  private count = 0;

  /** Places that nobody is on the way to. */
  spare(now: Milliseconds, room: number): number {
    if (Number.isFinite(this.room)) this.forget(this.room - room);
    this.room = room;
    while (this.groups[0] !== undefined && now - this.groups[0].at >= RETURN_TIME) this.forget(this.groups[0].count);
    return Math.max(0, room - this.count);
  }

  /** So many more are on their way. */
  add(now: Milliseconds, count: number): void {
    if (count === 0) return;
    this.groups.push({ at: now, count });
    this.count += count;
  }

  /** So many have come, those first who have been away for the longest. */
  private forget(came: number): void {
    let rest = Math.min(came, this.count);
    while (rest > 0) {
      const oldest = this.groups[0];
      if (oldest === undefined) return;
      const some = Math.min(rest, oldest.count);
      oldest.count -= some;
      this.count -= some;
      rest -= some;
      if (oldest.count === 0) this.groups.shift();
    }
  }
}
