import type { RehomeOptions } from "../config/index.ts";
import { controlFrame, Opcode } from "../websocket/index.ts";

import { newMaskKey } from "./own-frames.ts";
import type { Replay } from "./replay.ts";

/** What a new backend is told before anything that is new: the client's first messages again, and its ping that is open. */
export class Briefing {
  /** How many of its first messages are answers to what it is sent again. */
  answers = 0;

  private readonly options: RehomeOptions;
  private readonly replay: Replay;
  /** First messages that had been passed on when the waiting began. */
  private messages: readonly Uint8Array[] = [];
  /** How many of them the backend has got. */
  private told = 0;
  /** Payload of the client's last ping, while its pong has not come. */
  private openPing: Uint8Array | undefined;
  /** The ping that had been passed on when the waiting began. */
  private pingBefore: Uint8Array | undefined;

  constructor(options: RehomeOptions, replay: Replay) {
    this.options = options;
    this.replay = replay;
  }

  /** The client has sent a ping. Some take a pong that never comes for the end of the connection. */
  pinged(payload: Uint8Array): void {
    this.openPing = payload;
  }

  /** The backend has sent a pong. */
  ponged(payload: Uint8Array): void {
    const { openPing } = this;
    if (openPing !== undefined && Buffer.compare(openPing, payload) === 0) this.openPing = undefined;
  }

  /** From here on what the client sends waits. */
  prepare(): void {
    const { replay, options } = this;
    this.messages = replay.messages();
    this.answers = replay.isComplete ? options.swallowReplies : Math.min(options.swallowReplies, replay.count);
    this.pingBefore = this.openPing;
  }

  /** There is another backend, which has heard nothing of it. */
  restart(): void {
    this.told = 0;
  }

  /** Whether it has to answer before it gets all. */
  get hasSteps(): boolean {
    return this.messages.length > 0 && this.answers > 0;
  }

  /** The next message that it is sent again, if there is one left. */
  next(): Uint8Array | undefined {
    this.told += 1;
    return this.messages[this.told - 1];
  }

  /** All that is left. */
  rest(): Uint8Array[] {
    const { pingBefore } = this;
    const left = this.messages.slice(this.told);
    // The old backend never will answer it.
    const isOwed = pingBefore !== undefined && pingBefore === this.openPing;
    return isOwed ? [...left, controlFrame(Opcode.ping, pingBefore, newMaskKey())] : left;
  }
}
