import { controlsEnd, frameEnd } from "../websocket/index.ts";

import { Side, SideState } from "./side.ts";

/**
 * A side of a tunnel that can get another backend. As long as single messages of it matter, what comes is looked at in pieces
 * that end where frames do; there are few such bytes.
 */
export abstract class MovableSide extends Side {
  /** The piece that is looked at is control frames alone, as many as follow each other: they are of no message. */
  protected isControls = false;

  /** Whether single messages matter now. */
  protected abstract get isPaced(): boolean;

  override onBytes(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.isPaced && this.state === SideState.open) {
      const end = this.pieceEnd(bytes, at);
      const { messages } = this.tracker;
      super.onBytes(bytes.subarray(at, end));
      at = end;
      this.isControls = false;
      if (this.tracker.messages > messages) this.messageOver();
    }
    if (at === 0) super.onBytes(bytes);
    else if (at < bytes.length) super.onBytes(bytes.subarray(at));
  }

  /** A message has been dealt with, and nothing behind it. */
  protected abstract messageOver(): void;

  private pieceEnd(bytes: Uint8Array, at: number): number {
    const { tracker } = this;
    // A frame that came in part is held back until it can be judged: a few bytes, and seldom.
    if (tracker.isHolding) return at + 1;
    if (!tracker.atBoundary) return at + tracker.bytesToBoundary;
    const end = controlsEnd(bytes, at);
    this.isControls = end > at;
    return this.isControls ? end : (frameEnd(bytes, at) ?? bytes.length);
  }
}
