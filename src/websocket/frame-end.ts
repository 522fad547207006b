const CONTROL = 0x08;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const MASK_BYTES = 4;

/**
 * Where the frame ends that begins at `at` (RFC 6455 section 5.2): behind the end of `bytes` for one that is not there as a
 * whole; undefined when not even its header is. Judges nothing: what breaks a rule has an end, too.
 */
export function frameEnd(bytes: Uint8Array, at: number): number | undefined {
  const second = bytes[at + 1];
  if (second === undefined) return undefined;
  const short = second & LENGTH;
  const lengthBytes = short < LENGTH_16 ? 0 : short === LENGTH_16 ? 2 : 8;
  const payloadAt = at + 2 + lengthBytes + (second > LENGTH ? MASK_BYTES : 0);
  if (payloadAt > bytes.length) return undefined;
  if (lengthBytes === 0) return payloadAt + short;
  let length = 0;
  for (let index = at + 2; index < at + 2 + lengthBytes; index += 1) length = length * 256 + (bytes[index] ?? 0);
  return payloadAt + length;
}

/** Where the last one ends of the whole control frames that follow each other from `at` on; `at` when there is none. */
export function controlsEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (((bytes[end] ?? 0) & CONTROL) !== 0) {
    const next = frameEnd(bytes, end);
    if (next === undefined || next > bytes.length) break;
    end = next;
  }
  return end;
}
