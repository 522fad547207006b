import type { Bytes } from "../base/index.ts";

/** Pieces may be as small as a ping, and each buffer of its own would cost a hundred bytes more than it holds. */
const FIRST_CAPACITY: Bytes = 256;

/** Bytes that came in pieces, as one. They are copied: what is read lies in memory that is read into again. */
export class Gathered {
  length: Bytes = 0;
  private room: Buffer | undefined;

  add(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (this.room === undefined || length > this.room.length) this.grow(length);
    this.room?.set(bytes, this.length);
    this.length = length;
  }

  /** Forgets what was added behind the first `length` bytes. */
  cut(length: Bytes): void {
    this.length = Math.min(this.length, length);
  }

  /** All of it, to be used before more is added; undefined when there is nothing. */
  get bytes(): Uint8Array | undefined {
    return this.length === 0 ? undefined : this.room?.subarray(0, this.length);
  }

  /** Takes no more memory than it needs: it will be kept. */
  fit(): void {
    if (this.room !== undefined && this.room.length > this.length) this.move(this.length);
  }

  private grow(needed: Bytes): void {
    this.move(Math.max(FIRST_CAPACITY, needed, 2 * (this.room?.length ?? 0)));
  }

  /** Not in memory that many buffers share: one that is kept for hours would keep all of it. */
  private move(capacity: Bytes): void {
    const room = Buffer.allocUnsafeSlow(capacity);
    if (this.room !== undefined) room.set(this.room.subarray(0, this.length));
    this.room = room;
  }
}
