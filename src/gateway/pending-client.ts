import { STATUS_CODES } from "node:http";

import type { Bytes, Wheel, WheelEntry } from "../base/index.ts";
import { responseHeadText } from "../http/index.ts";
import type { RawHeaders } from "../http/index.ts";
import type { Leg, LegListener } from "../wire/index.ts";

/** How long a client that got its answer may take to close, before its connection is dropped. */
const CLOSE_GRACE_MS = 2_000;

/**
 * A client that has sent its handshake and waits for the answer.
 *
 * It holds what the client sends meanwhile, up to a limit, in order; and it notices when the client goes away.
 */
export class PendingClient implements LegListener, WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelDue = 0;

  readonly leg: Leg;
  /** True once the client has gone away or ended its direction; nobody waits for the answer then. */
  gone = false;
  /** Called when the client goes away. */
  onGone: (() => void) | undefined;

  private readonly earlyBytesMax: Bytes;
  private readonly wheel: Wheel;
  private readonly onReleased: (client: PendingClient) => void;
  private readonly chunks: Uint8Array[] = [];
  private earlyBytes = 0;
  private answered = false;

  /** @param onReleased called once, when the connection is gone or has been taken over by a tunnel */
  constructor(
    leg: Leg,
    early: Uint8Array,
    earlyBytesMax: Bytes,
    wheel: Wheel,
    onReleased: (client: PendingClient) => void,
  ) {
    this.earlyBytesMax = earlyBytesMax;
    this.wheel = wheel;
    this.onReleased = onReleased;
    this.leg = leg;
    leg.listener = this;
    leg.resume();
    if (early.length > 0) this.onBytes(early);
    if (leg.closed) this.noteGone();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.answered) return;
    this.chunks.push(bytes);
    this.earlyBytes += bytes.length;
    if (this.earlyBytes >= this.earlyBytesMax) this.leg.pause();
  }

  onEnd(): void {
    this.noteGone();
    if (!this.answered) this.leg.destroy();
  }

  onDrain(): void {}

  onClosed(): void {
    this.wheel.remove(this);
    this.noteGone();
    this.onReleased(this);
  }

  onDue(): number {
    this.leg.destroy();
    return 0;
  }

  /** What the client has sent behind its handshake. */
  takeEarly(): Uint8Array | undefined {
    if (this.chunks.length === 0) return undefined;
    return this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks);
  }

  /** Hands the connection over to a tunnel. */
  release(): void {
    this.leg.pause();
    this.onReleased(this);
  }

  /** Writes an answer without upgrade, and ends the connection. */
  answer(status: number, headers: RawHeaders, body: string): void {
    if (this.answered || this.leg.closed) return;
    const bytes = Buffer.from(body);
    const entity = ["Content-Type", "text/plain; charset=utf-8", "Content-Length", String(bytes.length)];
    const head = responseHeadText(status, STATUS_CODES[status] ?? "", [...headers, ...entity, "Connection", "close"]);
    this.leg.write(Buffer.concat([Buffer.from(head, "latin1"), bytes]));
    this.finish();
  }

  /** Ends the connection behind what was written. What the client still sends is read and thrown away, so that it is not reset. */
  finish(): void {
    this.answered = true;
    this.chunks.length = 0;
    this.leg.listener = this;
    this.leg.resume();
    this.leg.end();
    this.wheel.add(this, CLOSE_GRACE_MS);
  }

  private noteGone(): void {
    if (this.gone) return;
    this.gone = true;
    if (!this.answered) this.onGone?.();
  }
}
