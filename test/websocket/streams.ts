import fc from "fast-check";
import { newFrameSizes } from "../../src/websocket/index.ts";
import type { TrackerOptions, Violation } from "../../src/websocket/index.ts";
import { closePayload, frame, OPCODE, RSV1 } from "../kit/frames.ts";
import type { FrameParts } from "../kit/frames.ts";

/** Streams of frames of which everything is known since they were made here: the ruler for whatever reads frames. */

/** One frame, and what a reader of it must come to know. */
export interface Piece {
  readonly bytes: Buffer;
  readonly headerBytes: number;
  /** Of a control frame: what its reader is told. */
  readonly event: string | undefined;
  readonly endsMessage: boolean;
  readonly violation: Violation | undefined;
  /** Bytes of the frame after which its violation can be told. */
  readonly tellsAfter: number;
}

/** Frames of one direction. */
export interface Stream {
  readonly options: TrackerOptions;
  readonly pieces: readonly Piece[];
  readonly bytes: Buffer;
}

/** What is to be known once the first `length` bytes of a stream have been seen. */
export interface Expected {
  readonly forwarded: number;
  readonly events: readonly string[];
  readonly toBoundary: number;
  readonly messages: number;
  readonly payloadBytes: number;
  readonly inMessage: boolean;
  readonly broken: boolean;
}

/** More than any message that is made here. */
const MESSAGE_BYTES_MAX = 200_000;

const headerBytesOf = (bytes: Buffer): number => {
  const short = (bytes[1] ?? 0) & 0x7f;
  const length = short < 126 ? 0 : short === 126 ? 2 : 8;
  return 2 + length + ((bytes[1] ?? 0) >= 0x80 ? 4 : 0);
};

/** How an event is written down. */
export const eventOf = (opcode: number, payload: Uint8Array): string =>
  `${opcode} ${Buffer.from(payload).toString("hex")}`;

const pieceOf = (parts: FrameParts): Piece => {
  const bytes = frame(parts);
  const isControl = parts.opcode >= 8;
  return {
    bytes,
    headerBytes: headerBytesOf(bytes),
    event: isControl ? eventOf(parts.opcode, Buffer.from(parts.payload ?? "")) : undefined,
    endsMessage: !isControl && (parts.fin ?? true),
    violation: undefined,
    tellsAfter: Number.POSITIVE_INFINITY,
  };
};

/** Reads the stream's beginning off its pieces. */
export const expected = ({ pieces }: Stream, length: number): Expected => {
  const events: string[] = [];
  let [start, messages, payloadBytes, inMessage] = [0, 0, 0, false];
  const at = (forwarded: number, toBoundary: number, broken = false): Expected => {
    return { forwarded, events, toBoundary, messages, payloadBytes, inMessage, broken };
  };
  for (const piece of pieces) {
    const there = length - start;
    const { bytes, event, headerBytes } = piece;
    if (piece.violation !== undefined) {
      if (there < piece.tellsAfter) return at(start, 0);
      events.push(piece.violation);
      return at(start, 0, true);
    }
    if (there < (event === undefined ? headerBytes : bytes.length)) return at(start, 0);
    if (event !== undefined) events.push(event);
    else {
      payloadBytes += bytes.length - headerBytes;
      inMessage = !piece.endsMessage;
      if (there < bytes.length) return at(length, bytes.length - there);
      if (piece.endsMessage) messages += 1;
    }
    start += bytes.length;
  }
  return at(start, 0);
};

/** How to break a rule, given where in the stream it is done. */
interface Defect {
  readonly parts: FrameParts;
  readonly tells: "at once" | "with the header" | "with the frame";
}
type DefectMaker = (place: { inMessage: boolean; deflate: boolean; masked: boolean; pick: number }) => Defect;

const oneOf = <T>(from: readonly T[], pick: number): T => from[pick % from.length] as T; // none of the lists is empty
const dataOpcode = (inMessage: boolean): number => (inMessage ? OPCODE.continuation : OPCODE.text);
const CONTROLS = [OPCODE.close, OPCODE.ping, OPCODE.pong];
const BAD_CLOSES = [Buffer.from([3]), closePayload(1005), closePayload(999), closePayload(1000, Buffer.from([0xc3]))];

const DEFECTS: Readonly<Record<Violation, DefectMaker>> = {
  "reserved-bits": ({ inMessage, deflate, pick }) => {
    const meaningless = deflate && !inMessage ? [1, 2, 3, 5, 6, 7] : [1, 2, 3, RSV1, 5, 6, 7];
    const opcode = dataOpcode(inMessage);
    const parts = pick % 2 === 0 ? { opcode, rsv: oneOf(meaningless, pick) } : { opcode: OPCODE.ping, rsv: RSV1 };
    return { parts: { ...parts, payload: "reserved" }, tells: "at once" };
  },
  "reserved-opcode": ({ pick }) => ({
    parts: { opcode: oneOf([3, 4, 5, 6, 7, 11, 12, 13, 14, 15], pick), payload: "x" },
    tells: "at once",
  }),
  "wrong-masking": ({ inMessage, masked }) => ({
    parts: { opcode: dataOpcode(inMessage), mask: !masked, payload: "masked?" },
    tells: "at once",
  }),
  "control-fragmented": ({ pick }) => ({ parts: { opcode: oneOf(CONTROLS, pick), fin: false }, tells: "at once" }),
  "control-too-long": ({ pick }) => ({
    parts: { opcode: oneOf(CONTROLS, pick), payload: Buffer.alloc(126 + pick) },
    tells: "at once",
  }),
  "unexpected-continuation": () => ({ parts: { opcode: OPCODE.continuation, payload: "of what" }, tells: "at once" }),
  "unfinished-message": ({ pick }) => ({
    parts: { opcode: oneOf([OPCODE.text, OPCODE.binary], pick), payload: "too soon" },
    tells: "at once",
  }),
  "length-too-large": ({ inMessage, pick }) => ({
    parts: { opcode: dataOpcode(inMessage), claims: 2n ** 63n + BigInt(pick), lengthForm: 64 },
    tells: "with the header",
  }),
  "bad-close-payload": ({ pick }) => ({
    parts: { opcode: OPCODE.close, payload: oneOf(BAD_CLOSES, pick) },
    tells: "with the frame",
  }),
  "message-too-large": ({ inMessage, pick }) => ({
    parts: { opcode: dataOpcode(inMessage), claims: MESSAGE_BYTES_MAX + 1 + pick, payload: "the first of many" },
    tells: "with the header",
  }),
};

/** Every rule that can be broken. */
export const VIOLATIONS = Object.keys(DEFECTS) as readonly Violation[]; // the keys are the type's, as the compiler has seen

const anyKey = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
const anyPayload = fc.oneof(
  { weight: 12, arbitrary: fc.uint8Array({ maxLength: 24 }) },
  { weight: 3, arbitrary: fc.integer({ min: 120, max: 300 }).map((size) => new Uint8Array(size).fill(size)) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536).map((size) => new Uint8Array(size).fill(7)) },
);
const anyControl = fc.oneof(
  fc.record({ opcode: fc.constantFrom(9, 10), payload: fc.uint8Array({ maxLength: 125 }), key: anyKey }),
  fc.record({
    opcode: fc.constant(OPCODE.close),
    payload: fc.constantFrom(closePayload(), closePayload(1000), closePayload(4999, "bis später 👋")),
    key: anyKey,
  }),
);
const anyFragment = fc.record({
  payload: anyPayload,
  form: fc.constantFrom(7, 16, 64),
  key: anyKey,
  before: fc.array(anyControl, { maxLength: 2 }),
});
const anyMessage = fc.record({
  opcode: fc.constantFrom(OPCODE.text, OPCODE.binary),
  compressed: fc.boolean(),
  fragments: fc.array(anyFragment, { minLength: 1, maxLength: 4 }),
});

/** The form asked for, or the shortest that can say it. */
const formFor = (size: number, form: number): 7 | 16 | 64 => {
  const least = size < 126 ? 7 : size < 65_536 ? 16 : 64;
  if (form === 64 || least === 64) return 64;
  return form === 16 || least === 16 ? 16 : 7;
};

const sameSide = {
  foreignExtensions: false,
  messageBytesMax: MESSAGE_BYTES_MAX,
  enforce: true,
  sizes: newFrameSizes(),
} as const;

/** Any valid frames in any valid order. */
export const validStream: fc.Arbitrary<Stream> = fc
  .record({ masked: fc.boolean(), deflate: fc.boolean(), messages: fc.array(anyMessage, { maxLength: 5 }) })
  .map(({ masked, deflate, messages }) => {
    const pieces = messages.flatMap(({ opcode, compressed, fragments }) =>
      fragments.flatMap(({ payload, form, key, before }, index) => [
        ...before.map((control) =>
          pieceOf({ opcode: control.opcode, payload: control.payload, mask: masked ? control.key : false }),
        ),
        pieceOf({
          opcode: index === 0 ? opcode : OPCODE.continuation,
          rsv: index === 0 && deflate && compressed ? RSV1 : 0,
          fin: index === fragments.length - 1,
          payload,
          mask: masked ? key : false,
          lengthForm: formFor(payload.length, form),
        }),
      ]),
    );
    const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
    return { options: { ...sameSide, masked, deflate }, pieces, bytes };
  });

const openFragment = (masked: boolean): Piece =>
  pieceOf({ opcode: OPCODE.text, fin: false, payload: "to be continued", mask: masked ? [1, 2, 3, 4] : false });

/** The frames in front of a defect: cut where the rule can be broken. */
const leadingTo = (kind: Violation, { options, pieces }: Stream, cut: number): readonly Piece[] => {
  const lead = pieces.slice(0, cut % (pieces.length + 1));
  const open = isOpen(lead);
  if (kind === "unfinished-message" && !open) return [...lead, openFragment(options.masked)];
  if (kind !== "unexpected-continuation" || !open) return lead;
  return lead.slice(0, lead.findLastIndex((piece) => piece.endsMessage) + 1);
};

const isOpen = (pieces: readonly Piece[]): boolean => {
  const last = pieces.findLast((piece) => piece.event === undefined);
  return last !== undefined && !last.endsMessage;
};

/** A valid stream that breaks one rule somewhere, and goes on with anything. */
export const brokenStream = (kind: Violation): fc.Arbitrary<Stream> =>
  fc
    .record({ stream: validStream, cut: fc.nat(40), pick: fc.nat(40), rest: fc.uint8Array({ maxLength: 40 }) })
    .map(({ stream, cut, pick, rest }) => {
      const { masked, deflate } = stream.options;
      const lead = leadingTo(kind, stream, cut);
      const { parts, tells } = DEFECTS[kind]({ inMessage: isOpen(lead), deflate, masked, pick });
      const piece = pieceOf({ mask: masked ? [9, 8, 7, 6] : false, ...parts });
      const tellsAfter = { "at once": 2, "with the header": piece.headerBytes, "with the frame": piece.bytes.length }[
        tells
      ];
      const pieces = [...lead, { ...piece, violation: kind, tellsAfter }];
      const bytes = Buffer.concat([...pieces.map((one) => one.bytes), rest]);
      return { options: stream.options, pieces, bytes };
    });

/** Sizes of chunks, used over and over. */
export const anySplit = fc.oneof(
  fc.constant([1]),
  fc.constant([Number.POSITIVE_INFINITY]),
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
  fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 }),
);

/** The bytes in chunks of these sizes, each in memory of its own. */
export const chunksOf = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at);
    chunks.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
};
