import type { Sample } from "../admin/index.ts";
import type { Clock, Logger, Random } from "../base/index.ts";
import type { Changes, Config, LoadedConfig } from "../config/index.ts";
import type { Status } from "../metrics/index.ts";

import type { Questions } from "./desk.ts";
import type { MovesWorld } from "./moving.ts";

/** What operations need of the instance that they are done to. */
export interface OperatedInstance {
  /** In force now. */
  readonly config: Config;
  ready(): boolean;
  status(): Promise<Status>;
  /** @throws FairleadError LISTEN_FAILED; nothing has changed then */
  reconfigure(config: Config): Promise<void>;
  /** Asks every worker that serves; one that is frozen answers undefined. */
  ask<About extends keyof Questions>(
    about: About,
    askFor: (worker: number) => Questions[About]["ask"],
  ): Promise<readonly { readonly worker: number; readonly answer: Questions[About]["answer"] | undefined }[]>;
  isHealthy(pool: string, backend: string): boolean;
  shed(pool: string, backends: readonly string[]): void;
}

/** What operations need of the program around them. */
export interface OperationsWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly sleep: MovesWorld["sleep"];
  /** What the configuration in force is made of: the file's, and what has been changed over it. */
  readonly file: Config;
  readonly changes: Changes;
  /**
   * Reads the configuration anew, as it was read at the start. Undefined where it came from no file.
   *
   * @throws ConfigError
   */
  readonly load: (() => LoadedConfig) | undefined;
  readonly history: (since?: number) => readonly Sample[];
  readonly metrics: (accept?: string) => Promise<{ readonly contentType: string; readonly text: string }>;
}
