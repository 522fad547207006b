import { closePayload, frame, OPCODE, type FrameParts } from "../kit/frames.ts";

/** Peers whose direct verdict a case may name. */
export type PeerName = "ws" | "gorilla" | "python" | "ws client" | "node client";

/** A frame as the sending side would mask it, unless the case says that it masks wrongly. */
export type CaseFrame = FrameParts & { readonly masksWrongly?: boolean };

/** Where fairlead's verdict must differ from the direct one, with the reason. */
export interface Difference {
  readonly peers: readonly PeerName[];
  readonly close: CloseVerdict;
  /** Only where the messages differ too. */
  readonly messages?: readonly string[];
  /** Where the case played directly never ends, so that there is nothing to compare with. */
  readonly directly?: "still open";
  readonly because: string;
}

/** What one side sends after the handshake. A Close with 1000 follows each case, so that every one comes to an end. */
export interface Case {
  readonly name: string;
  readonly frames: readonly CaseFrame[];
  /** How many bytes are written at once; default all of them in one piece. */
  readonly chop?: number;
  /** What the client offers in Sec-WebSocket-Extensions. */
  readonly offer?: string;
  /** True where RFC 6455 lets the receiver only fail the connection. */
  readonly breaksFraming?: boolean;
  /** False where no Close follows, since the case is about the end itself. */
  readonly saysGoodbye?: boolean;
  readonly differs?: readonly Difference[];
}

/** The code of the Close that came; "empty" where it had none; "none" where the stream just ended; or no 101 at all. */
export type CloseVerdict = number | "empty" | "none" | "still open" | `refused ${number}`;

/** What the sender of a case observes. */
export interface Verdict {
  /** Messages and pongs in the order of their arrival, as short text. */
  readonly messages: readonly string[];
  readonly close: CloseVerdict;
}

/** The last frame of a case that is not itself about the end. */
export const GOODBYE: CaseFrame = { opcode: OPCODE.close, payload: closePayload(1000) };

/** The bytes of a case with a last frame, in the pieces in which they are written. */
export const piecesOf = (one: Case, fromClient: boolean, last: CaseFrame = GOODBYE): Buffer[] => {
  const frames = one.saysGoodbye === false ? one.frames : [...one.frames, last];
  const bytes = Buffer.concat(
    frames.map(({ masksWrongly = false, mask = true, ...parts }) =>
      frame({ ...parts, mask: fromClient === masksWrongly ? false : mask }),
    ),
  );
  const size = one.chop ?? bytes.length;
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
};

export const text = (payload: string | Uint8Array, more: Partial<CaseFrame> = {}): CaseFrame => ({
  opcode: OPCODE.text,
  payload,
  ...more,
});

export const binary = (payload: Uint8Array, more: Partial<CaseFrame> = {}): CaseFrame => ({
  opcode: OPCODE.binary,
  payload,
  ...more,
});

/** A continuation, the last one unless `fin` says otherwise. */
export const continued = (payload: string | Uint8Array, more: Partial<CaseFrame> = {}): CaseFrame => ({
  opcode: OPCODE.continuation,
  payload,
  ...more,
});

export const ping = (payload: string | Uint8Array = "", more: Partial<CaseFrame> = {}): CaseFrame => ({
  opcode: OPCODE.ping,
  payload,
  ...more,
});

export const pong = (payload: string | Uint8Array = "", more: Partial<CaseFrame> = {}): CaseFrame => ({
  opcode: OPCODE.pong,
  payload,
  ...more,
});

export const close = (payload: Uint8Array = closePayload(1000), more: Partial<CaseFrame> = {}): CaseFrame => ({
  opcode: OPCODE.close,
  payload,
  ...more,
});

/** Bytes without a pattern that compression or a mistake in an offset could hide behind. */
export const noise = (length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  let state = length + 1;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
};

/** Printable text of a length. */
export const words = (length: number): string =>
  "fair wind and following sea; ".repeat(Math.ceil(length / 29)).slice(0, length);

/** The same case written whole, in pieces of a few bytes, and byte by byte. */
export const chopped = (one: Case): Case[] => [
  one,
  { ...one, name: `${one.name}, in pieces of 7 bytes`, chop: 7 },
  { ...one, name: `${one.name}, byte by byte`, chop: 1 },
];
