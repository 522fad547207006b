import { closeSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

import { createAssets, startAdmin } from "../admin/index.ts";
import type { Admin, EventSource, ReloadReport } from "../admin/index.ts";
import { FairleadError, systemClock, systemRandom } from "../base/index.ts";
import type { Logger, Milliseconds } from "../base/index.ts";
import { applyChanges, NO_CHANGES, rebase } from "../config/index.ts";
import type { Address, Config, LoadedConfig } from "../config/index.ts";
import type { AccessRecord, RequestWords } from "../gateway/index.ts";
import type { Status } from "../metrics/index.ts";
import { Operations } from "../operations/index.ts";
import type { OperationsWorld } from "../operations/index.ts";

import { adopt, ADMIN_NAME } from "./adopt.ts";
import type { Adopted } from "./adopt.ts";
import { descriptorLimit } from "./descriptors.ts";
import type { Inherited } from "./inherited.ts";
import type { KnownBackend } from "./known.ts";
import { tellRoom } from "./room-lines.ts";
import { spawnLocal } from "./spawn-local.ts";
import { spawnProcesses } from "./spawn-process.ts";
import { listenerUrl } from "./status.ts";
import type { BackendLoad, Legacy } from "./succession.ts";
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
  /** In force now. */
  readonly config: Config;
  /**
   * Reads the configuration anew and puts it in force; open tunnels stay.
   *
   * @param load instead of the way in which it was read at the start
   * @throws ConfigError, FairleadError; nothing has changed then
   */
  reload(load?: () => LoadedConfig): Promise<ReloadReport>;
  /** What happens to it. */
  readonly events: EventSource;
  /** Notes for operators that something has happened. */
  tell(type: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
  status(): Promise<Status>;
  /** All metrics in the text form of Prometheus. @param accept the Accept header of whoever asks */
  metrics(accept?: string): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Whether a worker answers, as a sign of life for whoever watches over this process. */
  answers(): Promise<boolean>;
  /** From now on it says that it is not ready, though it goes on as before. */
  leave(): void;
  /** What it hands on to the process that replaces it. */
  readonly estate: Estate;
  /** Takes over what the process that this one replaces has on backends; `clear` when that one is gone. */
  readonly predecessor: PredecessorBoard;
  /**
   * As {@link drain}, for when another process accepts at the same addresses by now: the admin API is the other's, and
   * whoever has come here is served before the drain begins.
   */
  handOver(over: Milliseconds): Promise<boolean>;
  /**
   * Takes nothing new, ends every tunnel with a Close, evenly spread over `over` milliseconds, and then everything else.
   *
   * @returns whether all tunnels and requests had ended when the deadline came
   */
  drain(over: Milliseconds): Promise<boolean>;
  /** Ends everything at once. */
  kill(): void;
}

/** What a running instance hands on. */
export interface Estate extends Legacy {
  /**
   * What it listens at, the admin API included.
   *
   * @throws FairleadError UPGRADE_FAILED where that cannot be handed on
   */
  descriptors(): Inherited[];
  /** Its load on every backend, now. */
  loads(): Promise<BackendLoad[]>;
  /** What it knows of every backend; what workers measure as they last told. */
  known(): KnownBackend[];
}

/** Gets the loads of the process that is being replaced, and what that knows of backends. */
export interface PredecessorBoard {
  set(changes: readonly BackendLoad[]): void;
  /** What it knew until now: this process goes on from it, where it has not learnt anything itself. */
  inherit(known: readonly KnownBackend[]): void;
  /** What it knows while it ends: what its tunnels carry is of interest, the rest is not any more. */
  follow(known: readonly KnownBackend[]): void;
  clear(): void;
}

/** What an instance is given by the program around it. */
export interface InstanceOptions {
  /** Sockets that listen already, and that others may accept at as well; those without a use are closed. */
  readonly inherited?: readonly Inherited[] | undefined;
  /** What the process that this one replaces has made. */
  readonly legacy?: Legacy | undefined;
  /** What that process knows of backends. */
  readonly known?: readonly KnownBackend[] | undefined;
  readonly logger: Logger;
  /**
   * Told of every tunnel and request, once, at its end, and before where `log` asks for it. Only when everything runs in this process. What it throws is
   * logged and goes no further.
   */
  readonly onRecord: (record: AccessRecord, words: RequestWords | undefined) => void;
  /** Reads the configuration anew; undefined where it did not come from a file. @throws ConfigError */
  readonly load?: (() => LoadedConfig) | undefined;
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
  const { inherited = [], legacy, known } = options;
  const hasAdmin = config.admin !== "off";
  const names = config.listeners.map(({ name }) => name);
  const adopted = adopt(inherited, names, hasAdmin);
  const own = { ...world, spawn, remote, workers, descriptors, version: version(), legacy, known };
  const kept = rebase(legacy?.changes ?? NO_CHANGES, config, config);
  for (const line of kept.overruled) logger.warn({}, `a change made at run time was overruled: ${line}`);
  const supervisor = new Supervisor(applyChanges(config, kept.changes), { ...own, inherited: adopted.listeners });
  const operations = operationsOf(supervisor, { ...world, file: config, changes: kept.changes, load: options.load });
  const openApi = (): Promise<Admin | undefined> => openAdmin(config, supervisor, operations, logger, adopted.admin);
  const admin = await openAll(supervisor, openApi, inherited.length > 0 && adopted.admin === undefined);
  closeSpare(adopted, logger);
  tellRoom(supervisor.room, logger);
  return {
    get addresses() {
      return supervisor.addresses.map((address) => ({ ...address, url: listenerUrl(supervisor.config, address) }));
    },
    adminAddress: admin?.address,
    get config() {
      return supervisor.config;
    },
    reload: (load) => operations.reload(load),
    events: operations.events,
    tell: (type, message, fields) => operations.events.add(type, message, fields),
    status: () => supervisor.status(),
    metrics: (accept) => operations.metrics(accept),
    answers: () => supervisor.answers(),
    leave: () => supervisor.leave(),
    estate: {
      ...supervisor.legacy,
      get changes() {
        return operations.changes;
      },
      descriptors: () => descriptorsOf(supervisor, admin),
      loads: async () => loadsOf(await supervisor.status()),
      known: () => supervisor.known(),
    },
    predecessor: boardOf(supervisor),
    async handOver(over) {
      operations.stop();
      admin?.leave();
      const clean = await supervisor.drain(over, true);
      await admin?.close();
      return clean;
    },
    async drain(over) {
      operations.stop();
      const clean = await supervisor.drain(over);
      await admin?.close();
      return clean;
    },
    kill() {
      operations.stop();
      supervisor.kill();
      void admin?.close();
    },
  };
}

function descriptorsOf(supervisor: Supervisor, admin: Admin | undefined): Inherited[] {
  const known = supervisor.descriptors();
  const found = supervisor.config.listeners.map(({ name }) => ({ name, fd: known.get(name) }));
  if (admin !== undefined) found.push({ name: ADMIN_NAME, fd: admin.descriptor });
  return found.map(({ name, fd }) => {
    if (fd !== undefined) return { name, fd };
    const text = `${name} has no descriptor that another process could be given; restart instead.`;
    throw new FairleadError("UPGRADE_FAILED", text);
  });
}

function loadsOf({ pools }: Status): BackendLoad[] {
  return pools.flatMap(({ name, backends }) =>
    backends.map((backend): BackendLoad => [name, backend.name, backend.load]),
  );
}

function boardOf(supervisor: Supervisor): PredecessorBoard {
  const { loads } = supervisor;
  return {
    set: (changes) => loads.setPredecessor(changes),
    inherit(known) {
      supervisor.inherit(known);
      loads.setPredecessorActivity(activitiesOf(known));
    },
    follow: (known) => loads.setPredecessorActivity(activitiesOf(known)),
    clear: () => loads.clearPredecessor(),
  };
}

function activitiesOf(known: readonly KnownBackend[]): (readonly [string, string, number])[] {
  return known.flatMap(([pool, backend, { gauge }]) =>
    gauge === undefined || gauge.activity === null ? [] : [[pool, backend, gauge.activity]],
  );
}

/** Those of an older fairlead for what is not configured any more, and those of a unit that names too many. */
function closeSpare({ spare }: Adopted, logger: Logger): void {
  for (const descriptor of spare) {
    try {
      closeSync(descriptor);
    } catch (error) {
      logger.warn({ descriptor, err: error }, "an inherited socket could not be closed");
    }
  }
  if (spare.length > 0) logger.info({ sockets: spare.length }, "inherited sockets without a listener have been closed");
}

/**
 * Who shares its addresses with another process must not fail any more once it accepts: its clients would be lost, and the
 * other process would go on. So whatever may fail comes first.
 *
 * @param apiFirst whether it shares its addresses, and that of the admin API is new
 */
async function openAll(
  supervisor: Supervisor,
  openApi: () => Promise<Admin | undefined>,
  apiFirst: boolean,
): Promise<Admin | undefined> {
  if (!apiFirst) {
    await supervisor.open();
    return openApi();
  }
  const admin = await openApi();
  try {
    await supervisor.open();
    return admin;
  } catch (error) {
    await admin?.close();
    throw error;
  }
}

function operationsOf(
  supervisor: Supervisor,
  world: Pick<OperationsWorld, "clock" | "random" | "logger" | "file" | "changes" | "load">,
): Operations {
  const operations = new Operations(supervisor, {
    ...world,
    sleep: (time, signal) => delay(time, undefined, { signal, ref: false }),
    history: (since) => supervisor.observatory.history(since),
    metrics: (accept) => supervisor.observatory.metrics(accept),
  });
  const { events } = operations;
  supervisor.onEvent = (...event) => events.add(...event);
  supervisor.tallies = () => operations.tallies();
  events.listen(({ type, outcome }) => {
    if (type === "reload-failed") supervisor.observatory.reloaded("failed");
    else if (type === "reloaded") supervisor.observatory.reloaded(outcome === "unchanged" ? outcome : "reloaded");
  });
  return operations;
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

async function openAdmin(
  { admin }: Config,
  supervisor: Supervisor,
  operations: Operations,
  logger: Logger,
  descriptor: number | undefined,
): Promise<Admin | undefined> {
  if (admin === "off") return undefined;
  try {
    return await startAdmin(admin, operations, {
      logger,
      assets: createAssets(),
      ...(descriptor !== undefined && { descriptor }),
    });
  } catch (error) {
    supervisor.kill();
    throw error;
  }
}

function workerCount(config: Config): number {
  return config.workers === "auto" ? availableParallelism() : config.workers;
}
