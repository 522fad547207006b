import { applyMask } from "../websocket/index.ts";

const LENGTH = 0x7f;
const LENGTH_16 = 126;
const MASK_BYTES = 4;

/**
 * Makes a function that turns data frames of a client into the same frames of a server, in whatever pieces they come.
 * It takes only frames that are known to be valid, and gives copies.
 */
export function createUnmasker(): (bytes: Uint8Array) => Uint8Array[] {
  let header: number[] = [];
  let mask: Uint8Array = new Uint8Array(MASK_BYTES);
  let remaining = 0;
  let phase = 0;
  const takeHeader = (): Uint8Array[] => {
    if (header.length < 2 + lengthBytes(header) + MASK_BYTES) return [];
    const bare = Uint8Array.from(header.slice(0, -MASK_BYTES));
    mask = Uint8Array.from(header.slice(-MASK_BYTES));
    header = [];
    remaining = payloadLength(bare);
    phase = 0;
    bare[1] = (bare[1] ?? 0) & LENGTH;
    return [bare];
  };
  const takePayload = (payload: Uint8Array): Uint8Array => {
    const copy = payload.slice();
    applyMask(copy, 0, copy.length, mask, phase);
    remaining -= copy.length;
    phase = (phase + copy.length) % MASK_BYTES;
    return copy;
  };
  return (bytes) => {
    const out: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      if (remaining > 0) {
        const payload = bytes.subarray(at, at + remaining);
        at += payload.length;
        out.push(takePayload(payload));
      } else {
        header.push(bytes[at] ?? 0);
        at += 1;
        out.push(...takeHeader());
      }
    }
    return out;
  };
}

/** Bytes of the extended length, as far as the header's second byte is there. */
function lengthBytes(header: readonly number[]): number {
  const short = (header[1] ?? 0) & LENGTH;
  if (short < LENGTH_16) return 0;
  return short === LENGTH_16 ? 2 : 8;
}

function payloadLength(header: Uint8Array): number {
  if (header.length === 2) return (header[1] ?? 0) & LENGTH;
  let length = 0;
  for (const byte of header.subarray(2)) length = length * 256 + byte;
  return length;
}
