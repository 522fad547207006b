import { copyOf, Opcode } from "../websocket/index.ts";
import type { TrackerOptions } from "../websocket/index.ts";
import type { Leg } from "../wire/index.ts";

import type { Home } from "./home.ts";
import { MovableSide } from "./movable-side.ts";
import { SideState } from "./side.ts";
import type { Tunnel } from "./tunnel.ts";

/** The client's side of a tunnel whose backend can be exchanged: what it sends may have to wait, or to be kept. */
export class MovableClient extends MovableSide {
  /** The rest of a message whose beginning is lost goes nowhere. */
  private swallows = false;
  /** Messages that have left towards the backend, as far as that is known. */
  private left = 0;
  /** Messages that have been passed on, or begun to be, when the waiting began. */
  private passed = 0;
  private readonly home: Home;

  constructor(leg: Leg, tunnel: Tunnel, options: TrackerOptions, home: Home) {
    super("client", leg, tunnel, options);
    this.home = home;
  }

  /** Whether a message has been passed on in part only. */
  get isCut(): boolean {
    return this.home.waiting === undefined && !this.swallows && !this.tracker.atMessageEnd;
  }

  /** Messages of which the backend may not have got all. */
  get undelivered(): number {
    const isWaiting = this.home.waiting !== undefined;
    return (isWaiting ? this.passed : this.tracker.messages + (this.isCut ? 1 : 0)) - this.left;
  }

  /** Messages that wait, whole or in part. */
  get unsent(): number {
    const { messages, atMessageEnd } = this.tracker;
    return Math.max(0, messages + (atMessageEnd || this.swallows ? 0 : 1) - this.passed);
  }

  /**
   * What comes is about to wait.
   *
   * @param isCut whether a message has been passed on in part: its rest is thrown away
   */
  beginToWait(isCut: boolean): void {
    this.passed = this.tracker.messages + (isCut ? 1 : 0);
    if (!isCut) return;
    this.swallows = true;
  }

  /** What was written to the backend has left. */
  noteDrained(): void {
    this.left = this.home.waiting === undefined ? this.tracker.messages : this.passed;
  }

  /** There is another backend: nothing is on its way to it that could have been lost. */
  noteArrived(flowing: boolean): void {
    // The one that was cut is counted when the rest of it has come.
    this.left = flowing ? this.tracker.messages : this.passed - (this.swallows ? 1 : 0);
    if (flowing) this.readOn();
    else this.rest();
  }

  protected override get isPaced(): boolean {
    return this.swallows || !this.home.replay.done;
  }

  /** One that was lost in part has been counted as lost, and is not on its way to anybody. */
  protected override messageOver(): void {
    if (!this.swallows) return;
    this.swallows = false;
    if (this.home.waiting === undefined) this.left += 1;
  }

  protected override get passedToBoundary(): boolean {
    return this.swallows || this.home.waiting !== undefined || super.passedToBoundary;
  }

  protected override get controlsApart(): boolean {
    return this.isPaced && !this.isControls;
  }

  protected override noteControl(bytes: Uint8Array): void {
    if (this.tracker.controlOpcode === Opcode.ping) this.home.briefing.pinged(this.tracker.controlPayload(bytes));
  }

  protected override forward(bytes: Uint8Array, start: number, end: number): void {
    if (!this.home.isStopping) {
      super.forward(bytes, start, end);
      return;
    }
    const { tracker } = this;
    const cut = tracker.atMessageEnd ? end : Math.max(start, tracker.messageAt);
    const stops = tracker.atMessageEnd || tracker.messageAt >= start;
    if (!stops) {
      super.forward(bytes, start, end);
      return;
    }
    if (cut > start) super.forward(bytes, start, cut);
    this.home.clientStopped();
    if (cut < end) super.forward(bytes, cut, end);
  }

  protected override forwardCopy(bytes: Uint8Array): void {
    super.forwardCopy(bytes);
    // The header of an empty frame may have been the message's end.
    if (this.home.isStopping && this.tracker.atMessageEnd) this.home.clientStopped();
  }

  protected override forwardControl(bytes: Uint8Array): void {
    if (this.state === SideState.open && !this.hand(copyOf(bytes))) this.rest();
  }

  protected override pass(bytes: Uint8Array): boolean {
    if (this.isControls) return this.hand(bytes);
    if (this.swallows) return true;
    const { replay } = this.home;
    if (!replay.done) {
      replay.add(bytes);
      if (this.tracker.atMessageEnd) replay.messageEnds();
    }
    return this.hand(bytes);
  }

  protected override rest(): void {
    if (this.home.waiting === undefined) super.rest();
    else if (!this.paused) {
      this.paused = true;
      this.leg.pause();
    }
  }

  private hand(bytes: Uint8Array): boolean {
    const { waiting } = this.home;
    if (waiting !== undefined) return waiting.add(bytes);
    const flowing = this.other.leg.write(bytes);
    if (flowing) this.left = this.tracker.messages;
    return flowing;
  }
}
