/**
 * HOT PATH: every byte of every tunnel passes here. No allocation, closure or call per frame that is not needed;
 * only headers are read, payloads are stepped over.
 */
import { copyOf, isValidClosePayload } from "./close-payload.ts";
import { FRAME_SIZE_CLASS_MAX } from "./frame-sizes.ts";
import type { FrameSizes } from "./frame-sizes.ts";
import { applyMask, CONTROL_FRAME_BYTES_MAX, CONTROL_PAYLOAD_BYTES_MAX, Opcode } from "./frames.ts";

/** What a call of {@link FrameTracker.scan} stopped for. */
export const Scan = {
  /** All bytes were looked at. Those from the start to `passed` may be forwarded; the rest is held back. */
  done: 0,
  /** `held()` are bytes of an earlier call that may be forwarded now; scan on from `at`. */
  release: 1,
  /** A whole control frame, from `frameStart` to `at` or, when `frameStart` is -1, in `held()`; scan on from `at`. */
  control: 2,
  /** The frame at `frameStart` (or held back) breaks a rule: `violation` says which. Nothing more can be scanned. */
  violation: 3,
} as const;
export type Scan = (typeof Scan)[keyof typeof Scan];

/** Why a stream of frames was refused. `message-too-large` is a matter of policy, the others of RFC 6455. */
export type Violation =
  | "reserved-bits"
  | "reserved-opcode"
  | "wrong-masking"
  | "control-fragmented"
  | "control-too-long"
  | "unexpected-continuation"
  | "unfinished-message"
  | "length-too-large"
  | "bad-close-payload"
  | "message-too-large";

/** How the frames of one direction are to be read. */
export interface TrackerOptions {
  /** True for frames that a client sends (RFC 6455 section 5.1). */
  readonly masked: boolean;
  /** permessage-deflate was negotiated: the first frame of a message may set RSV1 (RFC 7692 section 6). */
  readonly deflate: boolean;
  /** Other extensions were negotiated: reserved bits and opcodes have a meaning that fairlead does not know. */
  readonly foreignExtensions: boolean;
  /** Most payload bytes of a message, as on the wire; `Infinity` for no limit. */
  readonly messageBytesMax: number;
  /** False: count as long as the stream can be read, refuse nothing. */
  readonly enforce: boolean;
  /** Where data frames are counted by their size. */
  readonly sizes: FrameSizes;
}

const FIN = 0x80;
const FIN_TEXT = 0x81;
const FIN_BINARY = 0x82;
const RSV = 0x70;
const RSV1 = 0x40;
const OPCODE = 0x0f;
const CONTROL = 0x08;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_TOP_BIT = 0x80000000;
const MASK_BYTES = 4;

/**
 * Follows the frames of one direction of a tunnel by their headers alone.
 *
 * It says which bytes may be forwarded, and holds back only what it cannot judge yet: an incomplete header, an
 * incomplete control frame. So what was forwarded always ends inside the payload of a valid data frame or at a
 * boundary, and a frame that breaks a rule has left no byte on the other side. However the bytes are split, the
 * events are the same.
 */
export class FrameTracker {
  /** After a scan: where to scan on. */
  at = 0;
  /** After `Scan.done`: the end of what may be forwarded. */
  passed = 0;
  /** After `Scan.control` or `.violation`: where that frame starts in the bytes given, or -1 when it was held back. */
  frameStart = -1;
  /** After `Scan.control`: the frame's opcode. */
  controlOpcode = 0;
  violation: Violation | undefined;

  /** Whole messages seen. */
  messages = 0;
  /** Payload bytes of data frames, as announced by their headers. */
  payloadBytes = 0;
  /** True between the first and the last frame of a message. */
  inMessage = false;
  /** While a message is under way: where it begins in the bytes scanned last, or -1 when in earlier ones. */
  messageAt = -1;

  private readonly options: TrackerOptions;
  private remaining = 0;
  private finishes = false;
  private messageBytes = 0;
  private lost = false;
  private hold: Uint8Array | undefined;
  private holdLength = 0;

  constructor(options: TrackerOptions) {
    this.options = options;
  }

  /** Whether a frame of ours may be written behind what was forwarded so far. */
  get atBoundary(): boolean {
    return this.remaining === 0 && !this.lost;
  }

  /** Whether what was forwarded so far ends with a whole message. */
  get atMessageEnd(): boolean {
    return this.remaining === 0 && !this.inMessage && !this.lost;
  }

  /** Payload bytes still to come until the next boundary; `Infinity` when the stream can no longer be read. */
  get bytesToBoundary(): number {
    return this.lost ? Number.POSITIVE_INFINITY : this.remaining;
  }

  /** Whether the beginning of a frame is held back: the next bytes are more of it. */
  get isHolding(): boolean {
    return this.holdLength > 0 && !this.released;
  }

  /** Bytes held back from earlier calls; valid until the next call of `scan`. */
  held(): Uint8Array {
    return this.hold === undefined ? new Uint8Array(0) : this.hold.subarray(0, this.holdLength);
  }

  /**
   * Looks at `bytes` from `from` on, up to the next point where the caller has something to do.
   *
   * Between calls with the same bytes the caller goes on at `at`. After `done`, the next call brings new bytes.
   */
  scan(bytes: Uint8Array, from: number): Scan {
    const end = bytes.length;
    let at = from;
    if (from === 0) this.messageAt = -1;
    if (this.holdLength > 0) {
      if (this.released) this.dropHold();
      else return this.scanHeld(bytes, at);
    }
    while (at < end) {
      if (this.remaining > 0 || this.lost) {
        at = this.skipPayload(at, end);
        continue;
      }
      const next = this.skipMessage(bytes, at, end);
      if (next > at) {
        at = next;
        continue;
      }
      const headerBytes = this.readHeader(bytes, at, end);
      if (headerBytes === 0) return this.holdBack(bytes, at, end);
      if (this.violation !== undefined) {
        if (this.refuse(at)) return Scan.violation;
        continue;
      }
      if (this.isControl) {
        const frameEnd = at + headerBytes + this.frameLength;
        if (frameEnd > end) return this.holdBack(bytes, at, end);
        return this.takeControl(bytes, at, frameEnd, headerBytes);
      }
      if (!this.inMessage) this.messageAt = at;
      this.beginData();
      at += headerBytes;
    }
    this.at = end;
    this.passed = end;
    return Scan.done;
  }

  /** Payload of the control frame that `scan` has just found, unmasked: a copy. */
  controlPayload(bytes: Uint8Array): Uint8Array {
    const held = this.frameStart < 0;
    const source = held ? this.held() : bytes.subarray(this.frameStart, this.at);
    const start = this.options.masked ? 2 + MASK_BYTES : 2;
    const payload = copyOf(source.subarray(start));
    if (this.options.masked) applyMask(payload, 0, payload.length, source.subarray(2, start), 0);
    return payload;
  }

  /** Fields of the header read last; only meaningful until the frame has begun. */
  private frameLength = 0;
  private firstByte = 0;
  /** The held bytes were handed out and can go. */
  private released = false;

  private get isControl(): boolean {
    return (this.firstByte & CONTROL) !== 0;
  }

  private dropHold(): void {
    this.hold = undefined;
    this.holdLength = 0;
    this.released = false;
  }

  private skipPayload(at: number, end: number): number {
    const there = end - at;
    if (this.lost) return end;
    if (this.remaining > there) {
      this.remaining -= there;
      return end;
    }
    const next = at + this.remaining;
    this.remaining = 0;
    this.endFrame();
    return next;
  }

  /**
   * Steps over what nearly everything is: a whole message in one frame, of less than 64 KiB. Only counts, since at its
   * end everything else is as it was.
   *
   * @returns where the next frame starts; `at` when this one has to be looked at closely
   */
  private skipMessage(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 4 || this.inMessage) return at;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const { masked, messageBytesMax, sizes } = this.options;
    if ((first !== FIN_TEXT && first !== FIN_BINARY) || second > LENGTH !== masked) return at;
    let length = second & LENGTH;
    let next = at + (masked ? 2 + MASK_BYTES : 2);
    if (length >= LENGTH_16) {
      if (length > LENGTH_16) return at;
      length = readUint16(bytes, at + 2);
      next += 2;
    }
    next += length;
    if (next > end || length > messageBytesMax) return at;
    this.messages += 1;
    this.payloadBytes += length;
    (sizes[32 - Math.clz32(length - 1)] as number) += 1;
    return next;
  }

  private endFrame(): void {
    if (!this.finishes) return;
    this.messages += 1;
    this.messageBytes = 0;
  }

  /**
   * Reads the header at `at`; 0 when it is not there as a whole. Sets `violation` as soon as two bytes show one, so
   * that a peer that stops there is refused all the same.
   */
  private readHeader(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 2) return 0;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const short = second & LENGTH;
    this.firstByte = first;
    const violation = this.judge(first, second, short);
    if (violation !== undefined) {
      this.violation = violation;
      return 2;
    }
    const maskBytes = second > LENGTH ? MASK_BYTES : 0;
    if (short < LENGTH_16) {
      this.frameLength = short;
      return end - at < 2 + maskBytes ? 0 : this.checkSize(2 + maskBytes);
    }
    const lengthBytes = short === LENGTH_16 ? 2 : 8;
    if (end - at < 2 + lengthBytes + maskBytes) return 0;
    this.frameLength = short === LENGTH_16 ? readUint16(bytes, at + 2) : readUint64(bytes, at + 2);
    return this.checkSize(2 + lengthBytes + maskBytes);
  }

  private judge(first: number, second: number, short: number): Violation | undefined {
    const opcode = first & OPCODE;
    if ((first & RSV) !== 0 && !this.mayReserve(first & RSV, opcode)) return "reserved-bits";
    if (second > LENGTH !== this.options.masked) return "wrong-masking";
    return this.isControl ? this.judgeControlHead(first, opcode, short) : this.judgeDataHead(opcode);
  }

  /** Whether a negotiated extension gives these reserved bits a meaning on such a frame. */
  private mayReserve(reserved: number, opcode: number): boolean {
    const { deflate, foreignExtensions } = this.options;
    const startsMessage = opcode === Opcode.text || opcode === Opcode.binary;
    return foreignExtensions || (deflate && reserved === RSV1 && startsMessage);
  }

  private judgeControlHead(first: number, opcode: number, short: number): Violation | undefined {
    if (opcode > Opcode.pong && !this.options.foreignExtensions) return "reserved-opcode";
    if (first < FIN) return "control-fragmented";
    return short > CONTROL_PAYLOAD_BYTES_MAX ? "control-too-long" : undefined;
  }

  private judgeDataHead(opcode: number): Violation | undefined {
    if (opcode === Opcode.continuation) return this.inMessage ? undefined : "unexpected-continuation";
    if (opcode > Opcode.binary && !this.options.foreignExtensions) return "reserved-opcode";
    return this.inMessage ? "unfinished-message" : undefined;
  }

  private checkSize(headerBytes: number): number {
    const { enforce, messageBytesMax } = this.options;
    if (this.frameLength < 0) this.violation = "length-too-large";
    // Too large a message can be read all the same: where nothing is enforced it is counted like any other.
    else if (enforce && !this.isControl && this.messageBytes + this.frameLength > messageBytesMax) {
      this.violation = "message-too-large";
    }
    return headerBytes;
  }

  private beginData(): void {
    this.finishes = this.firstByte >= FIN;
    this.inMessage = !this.finishes;
    this.remaining = this.frameLength;
    this.messageBytes += this.frameLength;
    this.payloadBytes += this.frameLength;
    (this.options.sizes[32 - Math.clz32(Math.min(this.frameLength, FRAME_SIZE_CLASS_MAX) - 1)] as number) += 1;
    if (this.frameLength === 0) this.endFrame();
  }

  /** Whether the violation stands. Where nothing is enforced it does not: the stream is lost, and simply passes. */
  private refuse(frameStart: number): boolean {
    this.frameStart = frameStart;
    if (this.options.enforce) return true;
    this.violation = undefined;
    this.lost = true;
    return false;
  }

  private takeControl(bytes: Uint8Array, at: number, frameEnd: number, headerBytes: number): Scan {
    this.frameStart = at;
    this.at = frameEnd;
    return this.judgeWholeControl(bytes, at, at + headerBytes, frameEnd);
  }

  private judgeWholeControl(bytes: Uint8Array, at: number, payloadStart: number, frameEnd: number): Scan {
    this.controlOpcode = this.firstByte & OPCODE;
    if (this.controlOpcode !== Opcode.close || isValidClosePayload(bytes, at, payloadStart, frameEnd)) {
      return Scan.control;
    }
    this.violation = "bad-close-payload";
    if (this.options.enforce) return Scan.violation;
    this.violation = undefined;
    return Scan.control;
  }

  private holdBack(bytes: Uint8Array, at: number, end: number): Scan {
    this.hold = new Uint8Array(CONTROL_FRAME_BYTES_MAX);
    this.hold.set(bytes.subarray(at, end));
    this.holdLength = end - at;
    this.at = end;
    this.passed = at;
    return Scan.done;
  }

  /** Completes what is held back, a byte at a time: it is at most 131 bytes, and seldom. */
  private scanHeld(bytes: Uint8Array, from: number): Scan {
    const hold = this.hold as Uint8Array;
    for (let at = from; at < bytes.length;) {
      hold[this.holdLength] = bytes[at] as number;
      this.holdLength += 1;
      at += 1;
      const headerBytes = this.readHeader(hold, 0, this.holdLength);
      if (headerBytes === 0) continue;
      this.at = at;
      if (this.violation !== undefined) {
        if (this.refuse(-1)) return Scan.violation;
        return this.releaseHold();
      }
      if (!this.isControl) {
        this.beginData();
        return this.releaseHold();
      }
      if (this.holdLength < headerBytes + this.frameLength) continue;
      this.frameStart = -1;
      this.released = true;
      return this.judgeWholeControl(hold, 0, headerBytes, this.holdLength);
    }
    this.at = bytes.length;
    this.passed = from;
    return Scan.done;
  }

  private releaseHold(): Scan {
    this.released = true;
    return Scan.release;
  }
}

function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** A 64-bit length; -1 when its top bit is set (RFC 6455 section 5.2). Above 2^53 it is rounded: no message is that long. */
function readUint64(bytes: Uint8Array, at: number): number {
  const high = readUint16(bytes, at) * 0x10000 + readUint16(bytes, at + 2);
  const low = readUint16(bytes, at + 4) * 0x10000 + readUint16(bytes, at + 6);
  return high >= LENGTH_TOP_BIT ? -1 : high * 0x100000000 + low;
}
