import type { Bytes } from "../base/index.ts";

import { Gathered } from "./gathered.ts";

/** The first messages of a client, as they came, for backends that come later. */
export class Replay {
  /** Whether there is nothing more to be kept. */
  done: boolean;
  private readonly countMax: number;
  private readonly bytesMax: Bytes;
  private readonly gathered = new Gathered();
  /** Where the whole messages end. */
  private readonly ends: Bytes[] = [];

  /** @param bytesMax when the messages are longer together, none is kept */
  constructor(countMax: number, bytesMax: Bytes) {
    this.countMax = countMax;
    this.bytesMax = bytesMax;
    this.done = countMax === 0;
  }

  /** Whole messages that are kept. */
  get count(): number {
    return this.ends.length;
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
    this.ends.push(this.gathered.length);
    this.done = this.isComplete;
    if (this.done) this.gathered.fit();
  }

  /** The beginning of the message that is under way; undefined where there is none, or it is not kept. */
  get begun(): Uint8Array | undefined {
    const from = this.ends.at(-1) ?? 0;
    return this.done || from === this.gathered.length ? undefined : this.gathered.bytes?.subarray(from);
  }

  /** The whole messages. */
  messages(): Uint8Array[] {
    const { bytes } = this.gathered;
    if (bytes === undefined) return [];
    return this.ends.map((end, index) => bytes.subarray(this.ends[index - 1] ?? 0, end));
  }

  private giveUp(): void {
    this.done = true;
    this.ends.length = 0;
    this.gathered.cut(0);
    this.gathered.fit();
  }
}
