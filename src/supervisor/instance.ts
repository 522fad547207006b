import { availableParallelism } from "node:os";

import { startAdmin } from "../admin/index.ts";
import type { Admin } from "../admin/index.ts";
import { systemClock, systemRandom } from "../base/index.ts";
import type { Logger, Milliseconds } from "../base/index.ts";
import type { Address, Config } from "../config/index.ts";
import type { AccessRecord, RequestWords } from "../gateway/index.ts";
import type { Sample, Status } from "../metrics/index.ts";

import { descriptorLimit } from "./descriptors.ts";
import type { Exposition } from "./exposition.ts";
import { tellRoom } from "./room-lines.ts";
import { spawnLocal } from "./spawn-local.ts";
import { spawnProcesses } from "./spawn-process.ts";
import { listenerUrl } from "./status.ts";
import { Supervisor } from "./supervisor.ts";
import { version } from "./version.ts";

/** An address that an instance listens on. */
export interface ListeningAddress {
  /** `HOST:PORT` as configured. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `ws://` or `wss://`, as it is reached from this machine. */
  readonly url: string;
}

/** A running fairlead. */
export interface Instance {
  readonly addresses: readonly ListeningAddress[];
  /** Undefined when the admin API is off. */
  readonly adminAddress: Address | undefined;
  status(): Promise<Status>;
  /** All metrics in the text form of Prometheus. @param accept the Accept header of whoever asks */
  metrics(accept?: string): Promise<Exposition>;
  /** Samples of the last hour, oldest first. @param since only younger ones; milliseconds since the epoch */
  history(since?: number): readonly Sample[];
  /**
   * Takes nothing new, ends every tunnel with a Close, evenly spread over `over` milliseconds, and then everything else.
   *
   * @returns whether all tunnels and requests had ended when the deadline came
   */
  drain(over: Milliseconds): Promise<boolean>;
  /** Ends everything at once. */
  kill(): void;
}

/** What an instance is given by the program around it. */
export interface InstanceOptions {
  readonly logger: Logger;
  /**
   * Told of every tunnel and request, once, at its end, and before where `log` asks for it. Only when everything runs in this process. What it throws is
   * logged and goes no further.
   */
  readonly onRecord: (record: AccessRecord, words: RequestWords | undefined) => void;
  /** Whether more than one worker may be started, each in a process of its own. */
  readonly processes: boolean;
}

/**
 * Starts an instance; resolves when it listens.
 *
 * @throws FairleadError LISTEN_FAILED, TLS_FILES or WORKER_FAILED; nothing is left running then
 */
export async function runInstance(config: Config, options: InstanceOptions): Promise<Instance> {
  const { logger } = options;
  const workers = options.processes ? workerCount(config) : 1;
  const world = { clock: systemClock, random: systemRandom, logger };
  const remote = workers > 1;
  const descriptors = descriptorLimit();
  const spawn = remote ? spawnProcesses() : spawnLocal({ ...world, onRecord: guarded(options.onRecord, logger) });
  const supervisor = new Supervisor(config, { ...world, spawn, remote, workers, descriptors, version: version() });
  await supervisor.open();
  const admin = await openAdmin(config, supervisor);
  tellRoom(supervisor.room, logger);
  return {
    addresses: supervisor.addresses.map((address) => ({ ...address, url: listenerUrl(config, address) })),
    adminAddress: admin?.address,
    status: () => supervisor.status(),
    metrics: (accept) => supervisor.observatory.metrics(accept),
    history: (since) => supervisor.observatory.history(since),
    async drain(over) {
      const clean = await supervisor.drain(over);
      await admin?.close();
      return clean;
    },
    kill() {
      supervisor.kill();
      void admin?.close();
    },
  };
}

/** A program's own mistake must not leave a tunnel half ended. */
function guarded(onRecord: InstanceOptions["onRecord"], logger: Logger): InstanceOptions["onRecord"] {
  return (record, words) => {
    try {
      onRecord(record, words);
    } catch (error) {
      logger.error({ err: error, id: record.id }, "onRecord failed");
    }
  };
}

async function openAdmin(config: Config, supervisor: Supervisor): Promise<Admin | undefined> {
  if (config.admin === "off") return undefined;
  try {
    return await startAdmin(config.admin, supervisor);
  } catch (error) {
    supervisor.kill();
    throw error;
  }
}

function workerCount(config: Config): number {
  return config.workers === "auto" ? availableParallelism() : config.workers;
}
