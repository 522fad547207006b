/** Opcodes of RFC 6455 section 5.2. */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** What a Close frame says. */
export interface CloseBody {
  /** Undefined for a Close without a body. */
  readonly code: number | undefined;
  readonly reason: string;
}

/** Most payload bytes of a control frame (RFC 6455 section 5.5). */
export const CONTROL_PAYLOAD_BYTES_MAX = 125;
/** Most bytes of a whole control frame: two of header, four of mask, its payload. */
export const CONTROL_FRAME_BYTES_MAX = 6 + CONTROL_PAYLOAD_BYTES_MAX;

const FIN = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;

/**
 * One whole control frame.
 *
 * @param opcode `Opcode.close`, `.ping` or `.pong`
 * @param payload at most 125 bytes
 * @param maskKey four bytes that nobody can predict, for frames to a backend; undefined for frames to a client
 */
export function controlFrame(opcode: number, payload: Uint8Array, maskKey: Uint8Array | undefined): Uint8Array {
  const masked = maskKey !== undefined;
  const start = masked ? 2 + MASK_BYTES : 2;
  const frame = new Uint8Array(start + payload.length);
  frame[0] = FIN | opcode;
  frame[1] = masked ? MASKED | payload.length : payload.length;
  frame.set(payload, start);
  if (masked) {
    frame.set(maskKey, 2);
    applyMask(frame, start, frame.length, maskKey, 0);
  }
  return frame;
}

/**
 * A Close frame.
 *
 * @param code one that may stand on the wire; undefined for a Close without a body
 * @param reason short text; cut on a character so that the payload fits into a control frame
 */
export function closeFrame(code: number | undefined, reason: string, maskKey: Uint8Array | undefined): Uint8Array {
  return controlFrame(Opcode.close, closePayload(code, reason), maskKey);
}

function closePayload(code: number | undefined, reason: string): Uint8Array {
  if (code === undefined) return new Uint8Array(0);
  const payload = new Uint8Array(CONTROL_PAYLOAD_BYTES_MAX);
  payload[0] = code >>> 8;
  payload[1] = code & 0xff;
  const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2));
  return payload.subarray(0, 2 + written);
}

/**
 * Masks or unmasks in place (RFC 6455 section 5.3): the two are the same.
 *
 * @param phase index of the first byte within the frame's payload
 */
export function applyMask(bytes: Uint8Array, from: number, end: number, maskKey: Uint8Array, phase: number): void {
  for (let at = from, index = phase; at < end; at += 1, index += 1) {
    bytes[at] = (bytes[at] ?? 0) ^ (maskKey[index & 3] ?? 0);
  }
}
