import type { Bytes, Milliseconds, Wheel, WheelEntry } from "../base/index.ts";
import { findHeadEnd, readRequestHead } from "../http/index.ts";
import { judgeUpgrade } from "../websocket/index.ts";
import { giveUp } from "../wire/index.ts";
import type { Accepted, Leg, LegDriver, LegListener } from "../wire/index.ts";
import type { Socket } from "node:net";

import type { Opening } from "./opening.ts";

/** What becomes of a connection after its first words. */
export interface FirstWordsOwner {
  readonly driver: LegDriver;
  readonly wheel: Wheel;
  readonly maxHeadSize: Bytes;
  readonly headTimeout: Milliseconds;
  /** It was a good handshake, whole and in one piece. */
  opening(words: FirstWords, opening: Omit<Opening, "localPort">): void;
  /** It was something else: Node's server is to look at it. */
  other(words: FirstWords, socket: Socket): void;
  /** It has said nothing for too long. */
  silent(words: FirstWords, socket: Socket): void;
  /** It went away without a word. */
  gone(words: FirstWords): void;
}

/** The first byte of `GET`. */
const LETTER_G = 0x47;

/**
 * A connection of which nothing has been read yet.
 *
 * What begins with a good handshake goes straight on, which is what it takes to be cheap where clients come in storms.
 * Nothing is refused here: everything that is not beyond doubt is given to Node's server, unread.
 */
export class FirstWords implements LegListener, WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelDue = 0;

  private readonly owner: FirstWordsOwner;
  private readonly leg: Leg;

  constructor(accepted: Accepted, owner: FirstWordsOwner) {
    this.owner = owner;
    this.leg = owner.driver.receive(accepted, this);
    owner.wheel.add(this, owner.headTimeout);
    this.leg.resume();
  }

  onBytes(bytes: Uint8Array): void {
    const { owner, leg } = this;
    owner.wheel.remove(this);
    const opening = this.readOpening(bytes);
    if (opening === undefined) owner.other(this, giveUp(leg, bytes));
    else owner.opening(this, opening);
  }

  onEnd(): void {
    this.leg.destroy();
  }

  onDrain(): void {}

  onClosed(): void {
    this.owner.wheel.remove(this);
    this.owner.gone(this);
  }

  onDue(): number {
    this.owner.silent(this, giveUp(this.leg, undefined));
    return 0;
  }

  destroy(): void {
    this.leg.destroy();
  }

  private readOpening(bytes: Uint8Array): Omit<Opening, "localPort"> | undefined {
    const end = bytes[0] === LETTER_G ? findHeadEnd(bytes, 0) : -1;
    if (end < 0 || end > this.owner.maxHeadSize) return undefined;
    const head = readRequestHead(bytes, end);
    if (head === undefined) return undefined;
    const judgement = judgeUpgrade(head);
    return judgement.ok ? { head, judgement, leg: this.leg, early: bytes.subarray(end) } : undefined;
  }
}
