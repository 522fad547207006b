/**
 * How many data frames of which payload length have come in one direction, by powers of two: element `n` counts those of
 * more than 2^(n-1) and at most 2^n bytes, the last one those without any. Shared by all tunnels of a worker, so that
 * counting costs them no memory, and one increment a frame.
 */
export type FrameSizes = Float64Array;

/** Elements of {@link FrameSizes}. */
const FRAME_SIZE_CLASSES = 33;

/** Element that counts frames without payload. */
export const EMPTY_FRAMES = 32;

/** Longer frames are counted as if they had this payload length, in bytes: the longest that `clz32` tells apart. */
export const FRAME_SIZE_CLASS_MAX = 2 ** 31;

/** Counts that nothing has been added to. */
export function newFrameSizes(): FrameSizes {
  return new Float64Array(FRAME_SIZE_CLASSES);
}
