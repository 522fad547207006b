import { createHistogram } from "node:perf_hooks";
import type { Latency, Mark } from "./protocol.ts";

/** One minute; what takes longer counts as a minute. In nanoseconds. */
const LATENCY_MAX = 60_000_000_000;
const NANOSECONDS = 1_000_000;

/** Finished units of work and their latencies since the last mark. */
export interface Count {
  /** Adds finished units without a latency. */
  add(units: number): void;
  /** Adds one latency, in milliseconds; it does not count a unit. */
  latency(milliseconds: number): void;
  /** What was counted, and a new beginning. */
  mark(): Mark;
}

/** Counts with an HdrHistogram of three figures, the one that node has built in. */
export function createCount(): Count {
  const histogram = createHistogram({ lowest: 1, highest: LATENCY_MAX, figures: 3 });
  let units = 0;
  let since = performance.now();
  return {
    add(more) {
      units += more;
    },
    latency(milliseconds) {
      histogram.record(Math.min(LATENCY_MAX, Math.max(1, Math.round(milliseconds * NANOSECONDS))));
    },
    mark() {
      const now = performance.now();
      const us = (nanoseconds: number): number => nanoseconds / 1000;
      const latency: Latency | undefined =
        histogram.count === 0
          ? undefined
          : {
              p50: us(histogram.percentile(50)),
              p90: us(histogram.percentile(90)),
              p99: us(histogram.percentile(99)),
              p999: us(histogram.percentile(99.9)),
              max: us(histogram.max),
            };
      const mark = { units, seconds: (now - since) / 1000, latency };
      histogram.reset();
      units = 0;
      since = now;
      return mark;
    },
  };
}
