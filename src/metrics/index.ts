/** What is counted, and how it is shown. */
export {
  type BackendCounts,
  type BackendStatus,
  type PoolStatus,
  type Status,
  sumCounts,
  type WorkerCounts,
  type WorkerStatus,
} from "./status.ts";
