import { FRAME_BYTES } from "../metrics/index.ts";
import type { HistogramCounts } from "../metrics/index.ts";
import { EMPTY_FRAMES } from "../websocket/index.ts";
import type { FrameSizes } from "../websocket/index.ts";

/**
 * The frames of one direction as a histogram.
 *
 * @param payloadBytes of all of them
 */
export function frameHistogram(sizes: FrameSizes, payloadBytes: number): HistogramCounts {
  const counts = new Float64Array(FRAME_BYTES.length + 1);
  for (const [power, count] of sizes.entries()) {
    const greatest = power === EMPTY_FRAMES ? 0 : 2 ** power;
    const found = FRAME_BYTES.findIndex((bound) => greatest <= bound);
    const bucket = found < 0 ? FRAME_BYTES.length : found;
    counts[bucket] = (counts[bucket] ?? 0) + count;
  }
  return { bounds: FRAME_BYTES, counts, sum: payloadBytes };
}
