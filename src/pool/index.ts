/** Pools as a worker sees them: candidates, health, and load over all workers. */
export { type Backend, type BackendCounters } from "./backend.ts";
export { type Carried, countCarried, type Gauged, type GaugeStart } from "./gauge.ts";
export { type CarriedBy, carriedNothing } from "./gauges.ts";
export {
  addReadings,
  type BackendReading,
  followedBy,
  isEmptyReading,
  lastingReading,
  NO_READING,
  type Reading,
} from "./reading.ts";
export { limitOf } from "./gate.ts";
export { type OnLoad, Pool, type PoolWorld } from "./pool.ts";
export { type Later, type Seeker, type Waiter } from "./waiting.ts";
