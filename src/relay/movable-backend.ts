import { copyOf, Opcode } from "../websocket/index.ts";
import type { TrackerOptions } from "../websocket/index.ts";
import type { Leg } from "../wire/index.ts";

import { Gathered } from "./gathered.ts";
import type { Home } from "./home.ts";
import { MovableSide } from "./movable-side.ts";
import { SideState } from "./side.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * A backend's side of a tunnel that can get another one. Messages are held until they are whole, up to a size, so that
 * the client is seldom left with a message that nobody can complete.
 */
export class MovableBackend extends MovableSide {
  /** Its messages up to this count, those of all backends of the tunnel counted, are thrown away; 0: none. */
  private swallowUntil = 0;
  /** Its first messages up to this count answer what it is sent again. */
  private answersUntil = 0;
  /** Bytes that came from the backends before it. */
  private bytesBefore = 0;
  /** Messages of the tunnel's backends that the client has not got. */
  private thrownAway = 0;
  /** The beginning of a message that is not whole yet. */
  private held: Gathered | undefined;
  /** The client has got the beginning of the message that is under way. */
  private isExposed = false;
  private readonly home: Home;

  constructor(leg: Leg, tunnel: Tunnel, options: TrackerOptions, home: Home) {
    super("backend", leg, tunnel, options);
    this.home = home;
  }

  /** Whether the client has got a message in part that only this backend can complete. */
  get hasCut(): boolean {
    return this.isExposed;
  }

  /** Whether anything has come from it, be it a pong. */
  get hasSpoken(): boolean {
    return this.bytes > this.bytesBefore;
  }

  /** Whether it has said anything beside the answers to what it is sent again. */
  get hasServed(): boolean {
    return this.tracker.messages > this.answersUntil;
  }

  /**
   * Counts on where the backend before it has stopped.
   *
   * @param answers its first messages that answer what it is sent again: the client gets those that it has not had
   */
  succeed(old: MovableBackend, answers: number): void {
    const { messages, payloadBytes } = old.tracker;
    const swallowed = Math.min(answers, messages - old.thrownAway);
    this.bytes = old.bytes;
    this.bytesBefore = old.bytes;
    this.tracker.messages = messages;
    this.tracker.payloadBytes = payloadBytes;
    this.answersUntil = messages + answers;
    this.swallowUntil = swallowed === 0 ? 0 : messages + swallowed;
    this.thrownAway = old.thrownAway;
  }

  override onDrain(): void {
    this.home.drained();
    if (this.home.waiting === undefined) super.onDrain();
  }

  override muteOther(): void {
    if (!this.home.isMoving) super.muteOther();
  }

  protected override get passedToBoundary(): boolean {
    return !this.isExposed || super.passedToBoundary;
  }

  protected override get controlsApart(): boolean {
    const { inMessage, messageAt } = this.tracker;
    // What the client has got in part may be the message before the one that begins in these bytes.
    return !this.isControls && (this.isPaced || (inMessage && (!this.isExposed || messageAt >= 0)));
  }

  protected override noteControl(bytes: Uint8Array): void {
    if (this.tracker.controlOpcode === Opcode.pong) this.home.briefing.ponged(this.tracker.controlPayload(bytes));
  }

  protected override forward(bytes: Uint8Array, start: number, end: number): void {
    if (this.isControls) {
      super.forward(bytes, start, end);
      return;
    }
    if (this.state !== SideState.open || this.swallowed) return;
    const { tracker } = this;
    const whole = tracker.atMessageEnd ? end : Math.max(start, tracker.messageAt);
    if (whole > start) {
      this.release();
      this.isExposed = false;
      super.forward(bytes, start, whole);
    }
    if (whole < end) this.begin(bytes, whole, end);
  }

  protected override forwardCopy(bytes: Uint8Array): void {
    if (this.state !== SideState.open || this.swallowed) return;
    const isWhole = this.tracker.atMessageEnd;
    if (!isWhole) {
      this.begin(copyOf(bytes), 0, bytes.length);
      return;
    }
    this.release();
    this.isExposed = false;
    super.forwardCopy(bytes);
  }

  protected override forwardControl(bytes: Uint8Array): void {
    super.forwardCopy(bytes);
  }

  protected override get isPaced(): boolean {
    return this.tracker.messages < this.answersUntil;
  }

  protected override messageOver(): void {
    const { messages } = this.tracker;
    if (messages <= this.swallowUntil) this.thrownAway += 1;
    // What follows is the client's, control frames right behind it too.
    if (messages >= this.swallowUntil) this.swallowUntil = 0;
    this.home.answered(!this.isPaced);
  }

  /** Whether the data that has just been scanned is of a message that is thrown away. */
  private get swallowed(): boolean {
    const { atMessageEnd, messages } = this.tracker;
    return this.swallowUntil > 0 && messages - (atMessageEnd ? 1 : 0) < this.swallowUntil;
  }

  /** Deals with the beginning, or more, of a message that is not whole. */
  private begin(bytes: Uint8Array, start: number, end: number): void {
    const expected = (this.held?.length ?? 0) + (end - start) + this.tracker.bytesToBoundary;
    if (!this.isExposed && expected <= this.home.options.holdMessage) {
      (this.held ??= new Gathered()).add(bytes.subarray(start, end));
      return;
    }
    this.release();
    this.isExposed = true;
    super.forward(bytes, start, end);
  }

  private release(): void {
    const bytes = this.held?.bytes;
    if (bytes === undefined) return;
    this.held = undefined;
    super.forward(bytes, 0, bytes.length);
  }
}
