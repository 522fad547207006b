/** Frames made once, so that the load costs as little as it can. */

const FIN_BINARY = 0x82;
const FIN_PONG = 0x8a;
const FIN_CLOSE = 0x88;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;

/** First bytes of the frames that may come while a load runs. */
export const FirstByte = { binary: FIN_BINARY, ping: 0x89, close: FIN_CLOSE } as const;

/** A mask of four zeros: the payload is on the wire as it is, so the echo need not unmask it. */
const NO_MASK = new Uint8Array(MASK_BYTES);

/** Bytes of a frame with `size` bytes of payload. */
export function frameBytes(size: number, masked: boolean): number {
  const length = size < LENGTH_16 ? 0 : size <= 0xffff ? 2 : 8;
  return 2 + length + (masked ? MASK_BYTES : 0) + size;
}

/**
 * One whole frame.
 *
 * @param payload as it shall be after unmasking
 * @param mask undefined for a frame to a client
 */
export function makeFrame(payload: Uint8Array, mask: Uint8Array | undefined, first: number = FIN_BINARY): Buffer {
  const frame = Buffer.alloc(frameBytes(payload.length, mask !== undefined));
  const start = frame.length - payload.length;
  const bit = mask === undefined ? 0 : MASKED;
  frame[0] = first;
  if (payload.length < LENGTH_16) frame[1] = bit | payload.length;
  else if (payload.length <= 0xffff) {
    frame[1] = bit | LENGTH_16;
    frame.writeUInt16BE(payload.length, 2);
  } else {
    frame[1] = bit | LENGTH_64;
    frame.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  frame.set(payload, start);
  if (mask !== undefined) {
    frame.set(mask, start - MASK_BYTES);
    unmask(frame.subarray(start), mask);
  }
  return frame;
}

/** Masks or unmasks in place (RFC 6455 section 5.3: the same operation). */
function unmask(payload: Uint8Array, mask: Uint8Array): void {
  const [a = 0, b = 0, c = 0, d = 0] = mask;
  if ((a | b | c | d) === 0) return;
  for (let i = 0; i < payload.length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
}

/** The payload that every timed message of this size carries, both ways. */
export function standardPayload(size: number): Buffer {
  const payload = Buffer.alloc(size);
  for (let i = 0; i < size; i += 1) payload[i] = (i * 31 + (i >>> 8) + 7) & 0xff;
  return payload;
}

/** `count` equal binary frames in one buffer; the first n of them are a prefix of it. */
export function preparedFrames(size: number, masked: boolean, count = 1): Buffer {
  const one = makeFrame(standardPayload(size), masked ? NO_MASK : undefined);
  return count === 1 ? one : Buffer.concat(Array.from({ length: count }, () => one));
}

/** A Close frame with code 1000. */
export function closeFrame(masked: boolean): Buffer {
  return makeFrame(Buffer.from([0x03, 0xe8]), masked ? NO_MASK : undefined, FIN_CLOSE);
}

/**
 * The pong to a ping of the proxy's own that begins at `at`; both are control frames, so the length is one byte.
 *
 * @returns undefined when the ping is not there whole
 */
export function answerPing(
  bytes: Uint8Array,
  at: number,
  end: number,
  fromClient: boolean,
): { pong: Buffer; next: number } | undefined {
  if (at + 2 > end) return undefined;
  const size = (bytes[at + 1] ?? 0) & ~MASKED;
  const start = at + 2 + (fromClient ? MASK_BYTES : 0);
  if (start + size > end) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + size));
  if (fromClient) unmask(payload, bytes.subarray(at + 2, start));
  return { pong: makeFrame(payload, fromClient ? undefined : NO_MASK, FIN_PONG), next: start + size };
}

/** A whole frame, read the slow and exact way of the check before the timing. */
export interface ExactFrame {
  readonly first: number;
  readonly masked: boolean;
  readonly payload: Buffer;
  /** Where the next frame starts. */
  readonly next: number;
}

/** Reads one frame with everything in it; undefined while it is not there whole. */
export function readFrame(bytes: Buffer, at = 0): ExactFrame | undefined {
  if (bytes.length < at + 2) return undefined;
  const second = bytes[at + 1] ?? 0;
  const masked = (second & MASKED) !== 0;
  const code = second & ~MASKED;
  const extra = code === LENGTH_16 ? 2 : code === LENGTH_64 ? 8 : 0;
  const start = at + 2 + extra + (masked ? MASK_BYTES : 0);
  if (bytes.length < start) return undefined;
  const size = extra === 0 ? code : extra === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  if (bytes.length < start + size) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + size));
  if (masked) unmask(payload, bytes.subarray(start - MASK_BYTES, start));
  return { first: bytes[at] ?? 0, masked, payload, next: start + size };
}
