import { randomBytes } from "node:crypto";

/** Frames as bytes, made and read without any of fairlead's code: the tests' own ruler. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The bit of `rsv` that permessage-deflate uses. */
export const RSV1 = 4;

export interface FrameParts {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  /** Default true. */
  readonly fin?: boolean;
  /** The three reserved bits as a number, 4 for RSV1. Default 0. */
  readonly rsv?: number;
  /** Default true, as a client sends; a number array gives the very key. */
  readonly mask?: boolean | readonly number[];
  /** How the length is written; default the shortest. */
  readonly lengthForm?: 7 | 16 | 64;
  /** A length other than the payload's. */
  readonly claims?: number | bigint;
}

const shortestForm = (length: bigint): 7 | 16 | 64 => (length < 126n ? 7 : length < 65_536n ? 16 : 64);

const lengthBytes = (length: bigint, form: 7 | 16 | 64, maskBit: number): Buffer => {
  if (form === 7) return Buffer.from([maskBit | Number(length)]);
  if (form === 16) {
    const bytes = Buffer.from([maskBit | 126, 0, 0]);
    bytes.writeUInt16BE(Number(length), 1);
    return bytes;
  }
  const bytes = Buffer.alloc(9);
  bytes[0] = maskBit | 127;
  bytes.writeBigUInt64BE(length, 1);
  return bytes;
};

const masked = (payload: Buffer, key: Buffer): Buffer => {
  const out = Buffer.allocUnsafe(payload.length);
  for (let at = 0; at < payload.length; at += 1) out[at] = (payload[at] ?? 0) ^ (key[at & 3] ?? 0);
  return out;
};

/** One frame, as valid or as broken as its parts ask for. */
export const frame = (parts: FrameParts): Buffer => {
  const payload = Buffer.from(parts.payload ?? "");
  const mask = parts.mask ?? true;
  const length = BigInt(parts.claims ?? payload.length);
  const first = ((parts.fin ?? true) ? 0x80 : 0) | ((parts.rsv ?? 0) << 4) | parts.opcode;
  const head = [Buffer.from([first]), lengthBytes(length, parts.lengthForm ?? shortestForm(length), mask ? 0x80 : 0)];
  if (mask === false) return Buffer.concat([...head, payload]);
  const key = mask === true ? randomBytes(4) : Buffer.from(mask);
  return Buffer.concat([...head, key, masked(payload, key)]);
};

/** The payload of a Close frame. Without a code it is empty. */
export const closePayload = (code?: number, reason: string | Uint8Array = ""): Buffer => {
  if (code === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(code);
  return Buffer.concat([bytes, Buffer.from(reason)]);
};

export interface Frame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  /** Unmasked. */
  readonly payload: Buffer;
}

/** Where the length ends and what it is; undefined while bytes are missing. */
const readLength = (bytes: Buffer): { length: number; at: number } | undefined => {
  const short = (bytes[1] ?? 0) & 0x7f;
  if (short < 126) return { length: short, at: 2 };
  if (short === 126) return bytes.length < 4 ? undefined : { length: bytes.readUInt16BE(2), at: 4 };
  return bytes.length < 10 ? undefined : { length: Number(bytes.readBigUInt64BE(2)), at: 10 };
};

/** The first frame in the bytes and how many bytes it took; undefined while it is not complete. */
export const readFrame = (bytes: Buffer): { value: Frame; used: number } | undefined => {
  if (bytes.length < 2) return undefined;
  const measured = readLength(bytes);
  if (measured === undefined) return undefined;
  const isMasked = ((bytes[1] ?? 0) & 0x80) !== 0;
  const start = measured.at + (isMasked ? 4 : 0);
  const used = start + measured.length;
  if (bytes.length < used) return undefined;
  const raw = bytes.subarray(start, used);
  const first = bytes[0] ?? 0;
  const value = {
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 7,
    opcode: first & 15,
    masked: isMasked,
    payload: isMasked ? masked(raw, bytes.subarray(measured.at, start)) : Buffer.from(raw),
  };
  return { value, used };
};

/** The code inside a Close frame: 1005 when it holds none, as the browsers' API says it. */
export const closeCode = (close: Frame): number => (close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0));
