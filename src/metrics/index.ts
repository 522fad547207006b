/** What is counted, and how it is shown. */
export { FRAME_BYTES, LATENCY_SECONDS, LIFETIME_SECONDS } from "./bounds.ts";
export { codeLabel, statusLabel } from "./codes.ts";
export { Flows } from "./flows.ts";
export { addHistograms, countOf, Histogram, type HistogramCounts, histogramSince, percentileOf } from "./histogram.ts";
export {
  History,
  type Moment,
  type Percentiles,
  type Sample,
  SAMPLE_INTERVAL_MS,
  sampleOf,
  SAMPLES_MAX,
} from "./history.ts";
export { type InstanceReading, UNEVENTFUL, type WorkerReading } from "./instance-reading.ts";
export {
  type BackendReadout,
  type DistributionName,
  DISTRIBUTIONS,
  endedMeasures,
  forDistributions,
  forTotals,
  type LevelName,
  LEVELS,
  type Measures,
  NO_MEASURES,
  type ProcessReading,
  sumLabelled,
  sumMeasures,
  type TotalName,
  TOTALS,
  type WorkerMetrics,
} from "./measures.ts";
export {
  type BackendCounts,
  type BackendMeasured,
  type BackendStatus,
  type Flow,
  type PoolStatus,
  type Status,
  sumCounts,
  type WorkerCounts,
  type WorkerStatus,
} from "./status.ts";
export { ByLabels, Counter, type Labelled, sumTallies, type Tally, totalOf } from "./tally.ts";
