import type { Bytes } from "../base/index.ts";

/** What a client has sent while it has no backend, in order. Bounded by the one who fills it: it stops when it is told so. */
export class WaitingRoom {
  private readonly chunks: Uint8Array[] = [];
  private readonly bytesMax: Bytes;
  private bytes = 0;

  constructor(bytesMax: Bytes) {
    this.bytesMax = bytesMax;
  }

  /** Keeps a copy. False: it is full, and only what has been read already may still follow. */
  add(bytes: Uint8Array): boolean {
    this.chunks.push(Buffer.concat([bytes]));
    this.bytes += bytes.length;
    return this.bytes < this.bytesMax;
  }

  /** All of it in one piece; undefined when there is nothing. */
  take(): Uint8Array | undefined {
    return this.chunks.length < 2 ? this.chunks[0] : Buffer.concat(this.chunks);
  }
}
