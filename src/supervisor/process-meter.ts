import { monitorEventLoopDelay } from "node:perf_hooks";
import type { IntervalHistogram } from "node:perf_hooks";

import type { Clock, Milliseconds } from "../base/index.ts";
import type { ProcessReading } from "../metrics/index.ts";

/** How often the event loop is looked at. */
const RESOLUTION_MS: Milliseconds = 20;
/** Least time that one reading of the event loop's delay speaks of, whoever asks how often. */
const STRETCH_MIN_MS: Milliseconds = 10_000;
const NANOSECONDS_PER_MS = 1e6;
const MICROSECONDS_PER_SECOND = 1e6;

/** What this process takes of its machine. */
export class ProcessMeter {
  private readonly clock: Clock;
  private readonly monitor: IntervalHistogram;
  private begun: Milliseconds;
  /** Of the last stretch that was over. */
  private last: ProcessReading["eventLoopDelay"] | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
    this.begun = clock.now();
    this.monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.monitor.enable();
  }

  read(): ProcessReading {
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      externalBytes: external,
      cpuSeconds: { user: user / MICROSECONDS_PER_SECOND, system: system / MICROSECONDS_PER_SECOND },
      eventLoopDelay: this.delay(),
    };
  }

  stop(): void {
    this.monitor.disable();
  }

  private delay(): ProcessReading["eventLoopDelay"] {
    const now = this.clock.now();
    const { monitor } = this;
    const current = {
      p50: milliseconds(monitor.percentile(50)),
      p99: milliseconds(monitor.percentile(99)),
      max: milliseconds(monitor.max),
    };
    if (now - this.begun < STRETCH_MIN_MS) return this.last ?? current;
    monitor.reset();
    this.begun = now;
    this.last = current;
    return current;
  }
}

/** What is measured is the time between two looks. */
function milliseconds(nanoseconds: number): Milliseconds {
  return Math.max(0, nanoseconds / NANOSECONDS_PER_MS - RESOLUTION_MS);
}
