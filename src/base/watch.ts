import { Buffer } from "node:buffer";

/** Up to so many bytes a loop is faster than the call into native code. */
const MAX_LOOP_BYTES = 128;

/** Says whether the first `size` elements of `array` differ from those that it was given the last time. */
export type Watch = (array: Uint8Array | Float64Array, size: number) => boolean;

/**
 * Watches an array that changes in place without notice, for whoever keeps something computed from it. The first call
 * says true. Compares bytes natively: 1,000 numbers cost a tenth of a microsecond. Hot; allocates only for another
 * array.
 */
export function createWatch(): Watch {
  let watched: Uint8Array | Float64Array | undefined;
  let bytes: Uint8Array = new Uint8Array(0);
  let seen = new Uint8Array(0);
  return (array, size) => {
    const length = size * array.BYTES_PER_ELEMENT;
    if (array === watched && length === seen.length) {
      if (sameBytes(bytes, seen)) return false;
    } else {
      watched = array;
      bytes = new Uint8Array(array.buffer, array.byteOffset, length);
      seen = new Uint8Array(length);
    }
    seen.set(bytes);
    return true;
  };
}

/** Whether two arrays of the same length hold the same. */
function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length > MAX_LOOP_BYTES) return Buffer.compare(one, other) === 0;
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false;
  return true;
}
