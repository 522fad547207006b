import { isUtf8 } from "node:buffer";

import { isValidCloseCode } from "./codes.ts";
import { applyMask } from "./frames.ts";

const CODE_BYTES = 2;
const MASK_BYTES = 4;

/** A real copy: `slice` of a Buffer is a view of the same bytes. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

/**
 * Whether a Close frame's payload follows RFC 6455 section 5.5.1: empty, or a code that may stand on the wire and a reason in
 * UTF-8.
 *
 * @param start of the payload within `bytes`, at `end` it ends
 */
export function isValidClosePayload(bytes: Uint8Array, frameStart: number, start: number, end: number): boolean {
  if (start === end) return true;
  if (end - start < CODE_BYTES) return false;
  const payload = copyOf(bytes.subarray(start, end));
  if (start - frameStart > MASK_BYTES)
    applyMask(payload, 0, payload.length, bytes.subarray(start - MASK_BYTES, start), 0);
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  return isValidCloseCode(code) && isUtf8(payload.subarray(CODE_BYTES));
}
