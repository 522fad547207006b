/** What operators see of an instance and do to it while it works: reloads, moves, questions about tunnels, events. */
export { type Answer, Desk, type MoveOrder, type Question, type Questions } from "./desk.ts";
export type { TellEvent } from "./event-log.ts";
export { Operations } from "./operations.ts";
export type { OperatedInstance, OperationsWorld } from "./world.ts";
