/** Most connections at a time; "off": as many as there are. */
export type Allowed = number | "off";

/**
 * A worker's part of a backend's hard limit. It may have as many connections as its latest order from the {@link
 * LeaseBook} allows, and opens none while it has that many or more.
 *
 * For each order it takes over the number, serves clients that wait, and answers with what it then uses: in this order,
 * and before it wants again.
 */
export class Lease {
  /** As the latest order said. */
  allowed: Allowed;

  private standing = false;
  private told = false;

  /** @param limit the backend's when the worker began, as the book had it when the worker joined */
  constructor(limit: Allowed) {
    this.allowed = limit === "off" ? "off" : 0;
  }

  /** Whether one more may be opened by a worker that has `used`. */
  hasRoom(used: number): boolean {
    return this.allowed === "off" || used < this.allowed;
  }

  /** A client waits. Returns whether the book must be told that one more is wanted; not when it knows already. */
  want(): boolean {
    const tell = !this.standing;
    this.standing = true;
    return tell;
  }

  /**
   * Takes over an order. One that changes the number answers what was wanted: who still lacks something wants again. One
   * that does not says that there is nothing to be had now; what was wanted stands, and is given when there is.
   */
  order(allowed: Allowed): void {
    this.told = allowed === this.allowed && this.standing;
    if (allowed !== this.allowed) this.standing = false;
    this.allowed = allowed;
  }

  /** Whether the book has said that there is nothing to be had: a client needs not wait to hear it. */
  get full(): boolean {
    return this.told;
  }
}
