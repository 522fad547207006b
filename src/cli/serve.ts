import { setTimeout as delay } from "node:timers/promises";

import type { Logger } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import { runInstance, startSuccessor, version } from "../supervisor/index.ts";
import type { Instance, InstanceOptions, Origin, Successor } from "../supervisor/index.ts";

import { ExitCode } from "./exit-code.ts";
import { Upgrade } from "./upgrade.ts";
import type { StartSuccessor } from "./upgrade.ts";

/** Signals that ask a process to end; SIGHUP tells that its terminal is gone. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
/** Asks for a new process that takes over; known to the world from other servers. */
const UPGRADE_SIGNAL = "SIGUSR2";

type Signal = (typeof STOP_SIGNALS)[number] | typeof UPGRADE_SIGNAL;

/** Where the signals of this process come from. */
export interface Signals {
  on(signal: Signal, listener: () => void): unknown;
  off(signal: Signal, listener: () => void): unknown;
}

/** What `serve` is given beside the configuration. */
export interface ServeOptions extends Pick<InstanceOptions, "logger" | "onRecord"> {
  /** How this process came to be. */
  readonly origin?: Origin | undefined;
  /** Told the process that serves instead of this one from now on. */
  readonly onHandedOver?: ((pid: number) => void) | undefined;
  /** How the process that replaces this one is started. */
  readonly start?: StartSuccessor | undefined;
}

/**
 * Balances until a signal comes, then drains. A second signal ends everything at once.
 *
 * @param options where lines and records go
 * @param onListening told the URLs (`http://HOST:PORT` or `https://`) once clients can come
 * @returns the exit code
 * @throws FairleadError when it cannot start
 */
export async function serve(
  config: Config,
  options: ServeOptions,
  signals: Signals,
  onListening: (urls: readonly string[]) => void,
): Promise<number> {
  const { logger, onRecord, origin, start = startSuccessor } = options;
  const predecessor = origin?.predecessor;
  const heard = new Heard(signals, logger);
  try {
    const legacy = await predecessor?.legacy;
    const inherited = origin?.inherited;
    const instance = await runInstance(config, { logger, onRecord, processes: true, inherited, legacy });
    predecessor?.follow(instance.predecessor);
    announce(instance, logger);
    onListening(instance.addresses.map(({ url }) => url.replace(/^ws/, "http")));
    const upgrade = new Upgrade(instance.estate, logger, start);
    heard.onUpgrade = () => upgrade.request();
    predecessor?.ready();
    const how = await Promise.race([heard.first, upgrade.handedOver]);
    if (typeof how === "object") return await handOver(instance, config, how, heard, options);
    upgrade.stop();
    return await stop(instance, config, how, heard, logger);
  } finally {
    heard.release();
  }
}

function announce(instance: Instance, logger: Logger): void {
  const admin = instance.adminAddress;
  for (const { url } of instance.addresses) logger.info({ url, version: version() }, "listening");
  if (admin !== undefined) logger.info({ host: admin.host, port: admin.port }, "admin API listening");
}

/** New clients are still served for a while, in which whoever sends them learns that it should not. */
async function stop(instance: Instance, config: Config, signal: string, heard: Heard, logger: Logger): Promise<number> {
  instance.leave();
  const over = new AbortController();
  const wait = async (): Promise<number> => {
    if (config.drainDelay > 0) {
      logger.info(
        { signal, drainDelay: config.drainDelay },
        "not ready any more; clients are still served for a while",
      );
      await delay(config.drainDelay, undefined, { signal: over.signal });
    }
    logger.info({ signal, drain: config.drain }, "draining");
    return drained(await instance.drain(config.drain), logger);
  };
  const waiting = wait();
  waiting.catch(() => {});
  const code = await Promise.race([waiting, killed(instance, heard.second, logger)]);
  over.abort();
  return code;
}

/** Another process serves; this one ends its tunnels at its pace, so that their clients come back to the other one. */
async function handOver(
  instance: Instance,
  config: Config,
  successor: Successor,
  heard: Heard,
  { logger, onHandedOver }: ServeOptions,
): Promise<number> {
  logger.info({ successor: successor.pid, drain: config.drain }, "a new instance has taken over; draining");
  onHandedOver?.(successor.pid);
  void heard.first.then((signal) =>
    logger.info({ signal }, "draining already; another signal ends everything at once"),
  );
  const ended = instance.handOver(config.drain).then((clean) => drained(clean, logger));
  try {
    return await Promise.race([ended, killed(instance, heard.second, logger)]);
  } finally {
    successor.release();
  }
}

function drained(clean: boolean, logger: Logger): number {
  if (clean) logger.info({}, "stopped");
  else logger.warn({}, "stopped at the drain deadline; what was still open has been cut");
  return clean ? ExitCode.fine : ExitCode.drainDeadline;
}

async function killed(instance: Instance, second: Promise<string>, logger: Logger): Promise<number> {
  logger.warn({ signal: await second }, "stopped at once by a second signal; what was still open has been cut");
  instance.kill();
  return ExitCode.drainDeadline;
}

/** The signals that have come. */
class Heard {
  /** The first that asks for an end. */
  readonly first: Promise<string>;
  readonly second: Promise<string>;
  /** What to do when an upgrade is asked for; undefined as long as this process does not serve. */
  onUpgrade: (() => void) | undefined;

  private readonly signals: Signals;
  private readonly listeners: readonly (readonly [Signal, () => void])[];

  constructor(signals: Signals, logger: Logger) {
    this.signals = signals;
    const first = Promise.withResolvers<string>();
    const second = Promise.withResolvers<string>();
    this.first = first.promise;
    this.second = second.promise;
    let count = 0;
    const stops = STOP_SIGNALS.map((signal): readonly [Signal, () => void] => [
      signal,
      () => {
        count += 1;
        (count === 1 ? first : second).resolve(signal);
      },
    ]);
    const upgrade = (): void => {
      if (this.onUpgrade !== undefined) this.onUpgrade();
      else logger.warn({ reason: "this instance is starting" }, "the upgrade that was asked for is ignored");
    };
    this.listeners = [...stops, [UPGRADE_SIGNAL, upgrade]];
    for (const [signal, listener] of this.listeners) signals.on(signal, listener);
  }

  release(): void {
    for (const [signal, listener] of this.listeners) this.signals.off(signal, listener);
  }
}
