import type { Bytes } from "../base/index.ts";

import { Gathered } from "./gathered.ts";

/** What a client has sent while it has no backend, in order. Bounded by the one who fills it: it stops when it is told so. */
export class WaitingRoom {
  private readonly gathered = new Gathered();
  private readonly bytesMax: Bytes;

  constructor(bytesMax: Bytes) {
    this.bytesMax = bytesMax;
  }

  /** Only what has been read already may still follow. */
  get isFull(): boolean {
    return this.gathered.length >= this.bytesMax;
  }

  /** Keeps a copy. False: it is full. */
  add(bytes: Uint8Array): boolean {
    this.gathered.add(bytes);
    return !this.isFull;
  }

  /** All of it in one piece; undefined when there is nothing. */
  take(): Uint8Array | undefined {
    return this.gathered.bytes;
  }
}
