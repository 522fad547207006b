import type { Milliseconds } from "../base/index.ts";

/** How many times that fell into a bucket, by the number of the bucket. */
export type Bucket = readonly [bucket: number, count: number];

/** Ratio of the bounds of a bucket: what is read off is exact to half of that, 5 %. */
const RATIO = 1.1;
const LOG_RATIO = Math.log(RATIO);
/** Shorter times count as this. */
const SHORTEST_MS: Milliseconds = 0.01;

/** Many times, kept as counts of logarithmic buckets: small, can be added up over workers, and has a median. */
export class Sketch {
  private readonly counts = new Map<number, number>();
  private total = 0;

  /** How many times it has. */
  get size(): number {
    return this.total;
  }

  add(time: Milliseconds): void {
    this.count(Math.round(Math.log(Math.max(time, SHORTEST_MS)) / LOG_RATIO), 1);
  }

  /** Adds what another one has. */
  merge(buckets: Iterable<Bucket>): void {
    for (const [bucket, count] of buckets) this.count(bucket, count);
  }

  /** All that it has. */
  buckets(): Bucket[] {
    return [...this.counts];
  }

  /** Undefined when it has nothing. */
  median(): Milliseconds | undefined {
    let below = 0;
    for (const [bucket, count] of [...this.counts].toSorted(([one], [other]) => one - other)) {
      below += count;
      if (below * 2 >= this.total) return RATIO ** bucket;
    }
    return undefined;
  }

  private count(bucket: number, count: number): void {
    this.counts.set(bucket, (this.counts.get(bucket) ?? 0) + count);
    this.total += count;
  }
}
