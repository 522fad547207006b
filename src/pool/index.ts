/** Pools as a worker sees them: candidates, health, and load over all workers. */
export { type BackendCounters, type OnLoad, Pool, type PoolWorld } from "./pool.ts";
