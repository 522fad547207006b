import type { Bytes } from "../base/index.ts";

/** The first messages of a client, as they came, for backends that come later. */
export class Replay {
  /** Whether there is nothing more to be kept. */
  done: boolean;

  private readonly messagesMax: number;
  private readonly bytesMax: Bytes;
  private readonly whole: Uint8Array[] = [];
  private begun: Uint8Array[] = [];
  private bytes = 0;

  /** @param bytesMax when the messages are longer together, none is kept */
  constructor(messagesMax: number, bytesMax: Bytes) {
    this.messagesMax = messagesMax;
    this.bytesMax = bytesMax;
    this.done = messagesMax === 0;
  }

  /** The next bytes of a message. */
  add(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (this.bytes > this.bytesMax) this.giveUp();
    else this.begun.push(Buffer.concat([bytes]));
  }

  /** What was added last has completed a message. */
  messageEnds(): void {
    if (this.done) return;
    this.whole.push(Buffer.concat(this.begun));
    this.begun = [];
    this.done = this.whole.length === this.messagesMax;
  }

  /** The message that has been begun will never be whole. */
  dropBegun(): void {
    this.bytes -= this.begun.reduce((sum, { length }) => sum + length, 0);
    this.begun = [];
  }

  /** The whole messages in one piece; undefined when there are none. */
  messages(): Uint8Array | undefined {
    return this.whole.length === 0 ? undefined : Buffer.concat(this.whole);
  }

  private giveUp(): void {
    this.done = true;
    this.begun = [];
    this.whole.length = 0;
  }
}
