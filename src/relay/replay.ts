import type { Bytes } from "../base/index.ts";

import { Gathered } from "./gathered.ts";

/** The first messages of a client, as they came, for backends that come later. */
export class Replay {
  /** Whether there is nothing more to be kept. */
  done: boolean;
  /** Whole messages that are kept. */
  count = 0;

  private readonly countMax: number;
  private readonly bytesMax: Bytes;
  private readonly gathered = new Gathered();
  /** Bytes of the whole messages. */
  private whole: Bytes = 0;

  /** @param bytesMax when the messages are longer together, none is kept */
  constructor(countMax: number, bytesMax: Bytes) {
    this.countMax = countMax;
    this.bytesMax = bytesMax;
    this.done = countMax === 0;
  }

  /** Whether all are kept that are asked for. */
  get isComplete(): boolean {
    return this.count === this.countMax;
  }

  /** The next bytes of a message. */
  add(bytes: Uint8Array): void {
    if (this.gathered.length + bytes.length > this.bytesMax) this.giveUp();
    else this.gathered.add(bytes);
  }

  /** What was added last has completed a message. */
  messageEnds(): void {
    if (this.done) return;
    this.whole = this.gathered.length;
    this.count += 1;
    this.done = this.isComplete;
    if (this.done) this.gathered.fit();
  }

  /** The message that has been begun will never be whole. */
  dropBegun(): void {
    this.gathered.cut(this.whole);
  }

  /** The whole messages in one piece; undefined when there are none. */
  messages(): Uint8Array | undefined {
    return this.whole === 0 ? undefined : this.gathered.bytes?.subarray(0, this.whole);
  }

  private giveUp(): void {
    this.done = true;
    this.count = 0;
    this.whole = 0;
    this.gathered.cut(0);
    this.gathered.fit();
  }
}
