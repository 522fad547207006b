import type { ProcessReading } from "./measures.ts";
import type { Tally } from "./tally.ts";

/** One process of an instance at one moment. */
export interface WorkerReading {
  /** The worker's number; `supervisor` for the process that keeps the workers, where it is not one itself. */
  readonly id: string;
  readonly process: ProcessReading;
}

/** What an instance as a whole has gone through. */
export interface InstanceReading {
  /** Workers that have ended unexpectedly and been replaced. */
  readonly workerRestarts: number;
  /** Number of the configuration in force. */
  readonly revision: number;
  /** Labels: `reloaded`, `unchanged` or `failed`. */
  readonly reloads: Tally;
  /** Whether the last reload failed, so that the configuration in force is not that of the file. */
  readonly reloadFailed: boolean;
  /** Tunnels that running moves still have to end. Labels: kind, pool. */
  readonly movesLeft: Tally;
  /** Tunnels that moves have ended. Labels: kind, pool. */
  readonly moved: Tally;
}

/** An instance that nothing has happened to. */
export const UNEVENTFUL: InstanceReading = {
  workerRestarts: 0,
  revision: 1,
  reloads: [],
  reloadFailed: false,
  movesLeft: [],
  moved: [],
};
