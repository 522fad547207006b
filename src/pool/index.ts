/** Pools as a worker sees them: candidates, health, and load over all workers. */
export { type Backend, type BackendCounters } from "./backend.ts";
export { type OnLoad, Pool, type PoolWorld } from "./pool.ts";
