/** What a histogram has seen; plain data that can be sent to another process. */
export interface HistogramCounts {
  /** Upper bounds of its buckets, in rising order, each belonging to its own bucket. */
  readonly bounds: readonly number[];
  /** Values in each bucket; one more than there are bounds, the last for what is above all of them. */
  readonly counts: Float64Array;
  /** Of all values. */
  readonly sum: number;
}

/** Counts values in buckets with fixed bounds; `observe` allocates nothing. */
export class Histogram implements HistogramCounts {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;

  /** @param bounds in rising order */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (bounds[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    counts[low] = (counts[low] ?? 0) + 1;
    this.sum += value;
  }

  /** What it has seen by now, as plain data of its own. */
  snapshot(): HistogramCounts {
    return { bounds: this.bounds, counts: this.counts.slice(), sum: this.sum };
  }
}

/** How many values a histogram has seen. */
export function countOf({ counts }: HistogramCounts): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Both together. @throws RangeError when their bounds differ */
export function addHistograms(one: HistogramCounts, other: HistogramCounts): HistogramCounts {
  return combine(one, other, 1);
}

/** What `later` has seen and `earlier` had not. @throws RangeError when their bounds differ */
export function histogramSince(later: HistogramCounts, earlier: HistogramCounts): HistogramCounts {
  return combine(later, earlier, -1);
}

function combine(one: HistogramCounts, other: HistogramCounts, sign: 1 | -1): HistogramCounts {
  if (one.bounds.length !== other.bounds.length) throw new RangeError("the histograms have different bounds");
  const counts = one.counts.map((count, bucket) => count + sign * (other.counts[bucket] ?? 0));
  return { bounds: one.bounds, counts, sum: one.sum + sign * other.sum };
}

/**
 * The value that a share of all values does not exceed, taking those of a bucket as evenly spread over it. What is above
 * all bounds counts as the greatest bound.
 *
 * @param share from 0 to 1
 * @returns undefined when there are no values
 */
export function percentileOf(histogram: HistogramCounts, share: number): number | undefined {
  const { bounds, counts } = histogram;
  const wanted = countOf(histogram) * share;
  let below = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && below + count >= wanted) {
      const low = bounds[bucket - 1] ?? 0;
      const high = bounds[bucket] ?? low;
      return low + ((high - low) * Math.max(0, wanted - below)) / count;
    }
    below += count;
  }
  return undefined;
}
