import { NO_MEASURES } from "../../src/metrics/index.ts";
import type { WorkerMetrics } from "../../src/metrics/index.ts";

/** What a worker tells that has measured nothing. */
export const UNMEASURED: WorkerMetrics = {
  ...NO_MEASURES,
  roundTrips: [],
  measured: [],
  process: {
    residentBytes: 0,
    heapUsedBytes: 0,
    externalBytes: 0,
    cpuSeconds: { user: 0, system: 0 },
    eventLoopDelay: { p50: 0, p99: 0, max: 0 },
  },
};
