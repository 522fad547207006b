/** What operators do to an instance while it works. */
export { type Answer, Desk, mergePages, type MoveOrder, type Question, type Questions } from "./desk.ts";
export { EventLog } from "./event-log.ts";
export { Moves } from "./moves.ts";
export type { MovesWorld } from "./moving.ts";
export type { WorkerReport } from "./reports.ts";
