import type { Clock, Logger, Random } from "../base/index.ts";

import type { KnownBackend } from "./known.ts";
import type { Spawn } from "./seat.ts";
import type { Legacy } from "./succession.ts";

/** What a supervisor is given. */
export interface SupervisorWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly spawn: Spawn;
  /** Whether what it spawns are processes of their own. */
  readonly remote: boolean;
  /** Number of workers to keep alive. */
  readonly workers: number;
  /** Files that a process may open; undefined where no limit is known. */
  readonly descriptors: number | undefined;
  readonly version: string;
  /** Descriptors that listen already, by the listeners' names. */
  readonly inherited?: ReadonlyMap<string, number> | undefined;
  /** What the process that this one replaces has made. */
  readonly legacy?: Legacy | undefined;
  /** What it knows of backends. */
  readonly known?: readonly KnownBackend[] | undefined;
}
