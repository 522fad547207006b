/**
 * HOT PATH: `onBytes` runs for every read of every tunnel.
 */
import { closeFrame, controlFrame, copyOf, FrameTracker, Opcode, Scan } from "../websocket/index.ts";
import type { CloseBody, TrackerOptions } from "../websocket/index.ts";

import { CLOSE_BODY_EMPTY, HEARTBEAT_PAYLOAD_BYTES, heartbeatPayload, isHeartbeat, newMaskKey } from "./own-frames.ts";
import type { Leg, LegListener } from "../wire/index.ts";
import type { Tunnel } from "./tunnel.ts";

/** Where a leg stands in its end. */
export const SideState = {
  /** Frames flow in both directions. */
  open: 0,
  /** What comes from it is followed for its Close, but no longer forwarded: the other leg has had its Close. */
  muted: 1,
  /** What comes from it is thrown away: it has said its Close, or broke the protocol. */
  deaf: 2,
} as const;
export type SideState = (typeof SideState)[keyof typeof SideState];

/**
 * One leg of a tunnel with what is known of it: the frames that come from it, its Close, its heartbeat.
 *
 * Bytes that come from it are scanned and written to the other side as they are.
 */
export class Side implements LegListener {
  readonly name: "client" | "backend";
  readonly leg: Leg;
  readonly tracker: FrameTracker;
  /** The other side; set once by the tunnel. */
  other!: Side;

  state: SideState = SideState.open;
  /** Bytes that came from this leg, whether forwarded or not. */
  bytes = 0;
  /** The body of the Close that came from this leg. */
  closeHeard: CloseBody | undefined;
  /** A Close was written to this leg. */
  closeSaid = false;
  /** Code of that Close; undefined for one without a body, or none. */
  saidCode: number | undefined;
  /** A Close of ours waits for the boundary of what is being forwarded to this leg. */
  closeWaits = false;
  /** It was told to leave before the other leg closed: its Close answers ours. */
  answersUs = false;
  /** No more bytes will come from this leg. */
  ended = false;
  /** We have ended our direction to this leg. */
  endSent = false;
  /** Its closing handshake has taken too long, or it broke the protocol within: its answer is not waited for any more. */
  givenUp = false;
  /** Reading from this leg rests, since the other one has a backlog. */
  paused = false;

  /** Coarse time of the last bytes from this leg. */
  lastHeard: number;
  /** Coarse time of our last unanswered ping; 0: none is open. */
  pingSentAt = 0;
  /** Round-trip time of the last heartbeat in milliseconds; undefined before the first. */
  rtt: number | undefined;
  /** For the write timeout: the backlog when last looked at, and since when it has not moved. */
  backlogSeen = 0;
  backlogSince = 0;

  protected readonly tunnel: Tunnel;
  private pingCount = 0;
  private bytesAtPing = 0;
  private pingExactAt = 0;

  constructor(name: "client" | "backend", leg: Leg, tunnel: Tunnel, options: TrackerOptions) {
    this.name = name;
    this.leg = leg;
    this.tunnel = tunnel;
    this.tracker = new FrameTracker(options);
    this.lastHeard = tunnel.now;
  }

  onBytes(bytes: Uint8Array): void {
    this.lastHeard = this.tunnel.now;
    this.bytes += bytes.length;
    if (this.state === SideState.deaf) return;
    if (this.other.closeWaits && this.state === SideState.open) this.forwardToBoundary(bytes);
    else this.scan(bytes, 0);
  }

  onEnd(): void {
    this.ended = true;
    this.tunnel.sideEnded(this);
  }

  onDrain(): void {
    this.other.readOn();
  }

  onClosed(): void {
    this.ended = true;
    this.tunnel.sideClosed(this);
  }

  /** Whether a frame of ours could be written to this leg now. */
  get atBoundary(): boolean {
    return this.other.passedToBoundary;
  }

  /** Whether what was forwarded from this leg ends at a boundary. */
  protected get passedToBoundary(): boolean {
    return this.tracker.atBoundary;
  }

  /** Whether control frames are to be forwarded on their own, not together with the data around them. */
  protected get controlsApart(): boolean {
    return false;
  }

  /** Whether there was a sign of life after the last ping, be it within the same tick of the coarse clock. */
  get heardSincePing(): boolean {
    return this.bytes !== this.bytesAtPing || this.lastHeard > this.pingSentAt;
  }

  /** Writes a Close to this leg; what comes from the other one is no longer forwarded. */
  sayClose(body: CloseBody): void {
    this.forwardClose(closeFrame(body.code, body.reason, this.maskKey()), body.code);
  }

  /** Passes a Close of the other leg on to this one, as it came. */
  forwardClose(frame: Uint8Array, code: number | undefined): void {
    this.closeWaits = false;
    if (this.closeSaid || this.leg.closed || this.endSent) return;
    this.closeSaid = true;
    this.saidCode = code;
    this.muteOther();
    this.leg.write(frame);
  }

  /** Ends our direction to this leg; what came from the other one can no longer be forwarded. */
  end(): void {
    if (this.endSent || this.leg.closed) return;
    this.endSent = true;
    this.closeWaits = false;
    this.muteOther();
    this.leg.end();
  }

  /** Sends a ping of ours. The caller has seen that the stream to this leg is at a boundary. */
  ping(): void {
    this.pingCount += 1;
    this.pingSentAt = this.tunnel.now;
    this.bytesAtPing = this.bytes;
    this.pingExactAt = this.tunnel.exactNow();
    this.leg.write(controlFrame(Opcode.ping, heartbeatPayload(this.pingCount), this.maskKey()));
  }

  /** Nothing more can be forwarded to this leg. What the other one says must still be read, so that its end is seen. */
  muteOther(): void {
    const { other } = this;
    if (other.state === SideState.open) other.state = SideState.muted;
    other.readOn();
  }

  /** Reads on, if reading rested. */
  readOn(): void {
    if (!this.paused) return;
    this.paused = false;
    this.lastHeard = this.tunnel.now;
    this.leg.resume();
  }

  private maskKey(): Uint8Array | undefined {
    return this.name === "backend" ? newMaskKey() : undefined;
  }

  /** Forwards up to the boundary that a Close of ours is waiting for, lets it be written, and goes on muted. */
  private forwardToBoundary(bytes: Uint8Array): void {
    const cut = this.tracker.bytesToBoundary;
    if (cut >= bytes.length) {
      this.scan(bytes, 0);
      if (this.tracker.atBoundary) this.tunnel.boundaryReached(this.other);
      return;
    }
    this.scan(bytes.subarray(0, cut), 0);
    this.tunnel.boundaryReached(this.other);
    this.scan(bytes.subarray(cut), 0);
  }

  protected scan(bytes: Uint8Array, from: number): void {
    const { tracker } = this;
    let start = from;
    for (let at = from; ; at = tracker.at) {
      const found = tracker.scan(bytes, at);
      if (found === Scan.done) {
        if (tracker.passed > start) this.forward(bytes, start, tracker.passed);
        return;
      }
      if (found === Scan.control) {
        if (!this.takeControl(bytes, start)) return;
        if (this.flushed) start = tracker.at;
      } else if (found === Scan.release) {
        this.forwardCopy(tracker.held());
        start = tracker.at;
      } else {
        if (tracker.frameStart > start) this.forward(bytes, start, tracker.frameStart);
        this.state = SideState.deaf;
        this.tunnel.violated(this);
        return;
      }
    }
  }

  /** Whether `takeControl` has dealt with the bytes up to `tracker.at`. */
  private flushed = false;

  /** Deals with a control frame of this leg; false when nothing after it counts. */
  private takeControl(bytes: Uint8Array, start: number): boolean {
    const { tracker } = this;
    const inPlace = tracker.frameStart >= 0;
    const isClose = tracker.controlOpcode === Opcode.close;
    this.noteControl(bytes);
    const swallowed = tracker.controlOpcode === Opcode.pong && this.pingCount > 0 && this.isOurPong(bytes);
    this.flushed = !inPlace || isClose || swallowed || this.controlsApart;
    if (!this.flushed) return true;
    if (inPlace && tracker.frameStart > start) this.forward(bytes, start, tracker.frameStart);
    if (isClose) {
      this.hearClose(bytes);
      return false;
    }
    if (!swallowed) this.forwardControl(inPlace ? bytes.subarray(tracker.frameStart, tracker.at) : tracker.held());
    return true;
  }

  private hearClose(bytes: Uint8Array): void {
    const { tracker } = this;
    const payload = tracker.controlPayload(bytes);
    const frame = tracker.frameStart < 0 ? copyOf(tracker.held()) : bytes.subarray(tracker.frameStart, tracker.at);
    this.closeHeard =
      payload.length < 2
        ? CLOSE_BODY_EMPTY
        : { code: ((payload[0] ?? 0) << 8) | (payload[1] ?? 0), reason: new TextDecoder().decode(payload.subarray(2)) };
    this.state = SideState.deaf;
    this.tunnel.closeHeard(this, frame);
  }

  private isOurPong(bytes: Uint8Array): boolean {
    const payload = this.tracker.controlPayload(bytes);
    if (payload.length !== HEARTBEAT_PAYLOAD_BYTES || !isHeartbeat(payload, this.pingCount)) return false;
    this.rtt = this.tunnel.exactNow() - this.pingExactAt;
    this.pingSentAt = 0;
    this.tunnel.heartbeat(this, this.rtt);
    return true;
  }

  protected forward(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== SideState.open) return;
    const whole = start === 0 && end === bytes.length;
    if (!this.pass(whole ? bytes : bytes.subarray(start, end))) this.rest();
  }

  /** Held bytes belong to the tracker, so what is forwarded is a copy. */
  protected forwardCopy(bytes: Uint8Array): void {
    if (this.state === SideState.open && !this.pass(copyOf(bytes))) this.rest();
  }

  /** Looks at a control frame that the tracker has found in these bytes. */
  protected noteControl(_bytes: Uint8Array): void {}

  /** Forwards a control frame that stands on its own. */
  protected forwardControl(bytes: Uint8Array): void {
    this.forwardCopy(bytes);
  }

  /** Hands bytes on to the other leg; false when it has a backlog. */
  protected pass(bytes: Uint8Array): boolean {
    return this.other.leg.write(bytes);
  }

  /** The other leg has a backlog: read no more here until it is gone. */
  protected rest(): void {
    if (this.paused || this.other.leg.closed) return;
    this.paused = true;
    this.leg.pause();
  }
}
