/** Pools as a worker sees them: candidates, health, and load over all workers. */
export { type Backend, type BackendCounters } from "./backend.ts";
export { limitOf } from "./gate.ts";
export { type OnLoad, Pool, type PoolWorld } from "./pool.ts";
export { type Later, type Seeker, type Waiter } from "./waiting.ts";
