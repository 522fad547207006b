import { setTimeout as delay } from "node:timers/promises";

import type { Logger } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import { createNotifier, runInstance, startSuccessor, version } from "../supervisor/index.ts";
import type { Instance, InstanceOptions, Notifier, Origin, Successor } from "../supervisor/index.ts";

import { ExitCode } from "./exit-code.ts";
import { Reloads } from "./reloads.ts";
import type { ConfigSource } from "./reloads.ts";
import { Upgrade, upgradeDone } from "./upgrade.ts";
import type { StartSuccessor } from "./upgrade.ts";

/** Signals that ask a process to end. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** Asks for a reload; without a file to reload it tells that the terminal is gone, and ends the process. */
const RELOAD_SIGNAL = "SIGHUP";
/** Asks for a new process that takes over; known to the world from other servers. */
const UPGRADE_SIGNAL = "SIGUSR2";

type Signal = (typeof STOP_SIGNALS)[number] | typeof RELOAD_SIGNAL | typeof UPGRADE_SIGNAL;

/** Where the signals of this process come from. */
export interface Signals {
  on(signal: Signal, listener: () => void): unknown;
  off(signal: Signal, listener: () => void): unknown;
}

/** What `serve` is given beside the configuration. */
export interface ServeOptions extends Pick<InstanceOptions, "logger" | "onRecord"> {
  /** How this process came to be. */
  readonly origin?: Origin | undefined;
  /** Where the configuration comes from; undefined where that is no file. */
  readonly source?: ConfigSource | undefined;
  /** Told of the configuration in force whenever it has been reloaded. */
  readonly onReloaded?: ((config: Config) => void) | undefined;
  /** Says whether, and where, a service manager is told. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
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
  const { logger, onRecord, origin, source, onReloaded, start = startSuccessor } = options;
  const predecessor = origin?.predecessor;
  const heard = new Heard(signals, logger);
  const reloads = source === undefined ? undefined : new Reloads(source);
  let notifier: Notifier | undefined;
  try {
    const legacy = await predecessor?.legacy;
    const inherited = origin?.inherited;
    const load = reloads?.load;
    const known = predecessor?.known;
    const instance = await runInstance(config, { logger, onRecord, processes: true, inherited, legacy, known, load });
    notifier = notifierOf(instance, options);
    predecessor?.follow(instance.predecessor);
    announce(instance, logger);
    instance.events.listen(({ type }) => type === "reloaded" && onReloaded?.(instance.config));
    const urls = instance.addresses.map(({ url }) => url);
    onListening(urls.map((url) => url.replace(/^ws/, "http")));
    const upgrade = new Upgrade(instance, logger, start);
    heard.onUpgrade = () => upgrade.request();
    heard.onReload = reloads?.begin(instance, notifier);
    if (predecessor !== undefined) takeOver(predecessor, instance);
    notifier.ready(`serving at ${urls.join(", ")}`);
    const how = await Promise.race([heard.first, upgrade.handedOver]);
    reloads?.stop();
    if (typeof how === "object") return await handOver(instance, how, heard, notifier, logger);
    upgrade.stop();
    notifier.stopping();
    return await stop(instance, how, heard, logger);
  } finally {
    reloads?.stop();
    heard.release();
    await notifier?.stop();
  }
}

function notifierOf(instance: Instance, { env = {}, logger }: ServeOptions): Notifier {
  const onFailure = (error: unknown): void => logger.warn({ err: error }, "the service manager could not be told");
  return createNotifier({ env, pid: process.pid, healthy: () => instance.answers(), onFailure });
}

function takeOver(predecessor: NonNullable<Origin["predecessor"]>, instance: Instance): void {
  predecessor.ready();
  // The old one tells it as well, but its admin API is this one's from now on.
  instance.tell(...upgradeDone(process.pid));
}

function announce(instance: Instance, logger: Logger): void {
  const admin = instance.adminAddress;
  for (const { url } of instance.addresses) logger.info({ url, version: version() }, "listening");
  if (admin !== undefined) logger.info({ host: admin.host, port: admin.port }, "admin API listening");
}

/** New clients are still served for a while, in which whoever sends them learns that it should not. */
async function stop(instance: Instance, signal: string, heard: Heard, logger: Logger): Promise<number> {
  const { config } = instance;
  instance.leave();
  instance.tell("stopping", `stopping, since ${signal} came`);
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
  successor: Successor,
  heard: Heard,
  notifier: Notifier,
  logger: Logger,
): Promise<number> {
  const { config } = instance;
  logger.info({ successor: successor.pid, drain: config.drain }, "a new instance has taken over; draining");
  notifier.mainPid(successor.pid);
  await notifier.stop();
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
  /** What to do when a reload is asked for; undefined where there is nothing to reload. */
  onReload: (() => void) | undefined;

  private readonly signals: Signals;
  private readonly listeners: readonly (readonly [Signal, () => void])[];

  constructor(signals: Signals, logger: Logger) {
    this.signals = signals;
    const first = Promise.withResolvers<string>();
    const second = Promise.withResolvers<string>();
    this.first = first.promise;
    this.second = second.promise;
    let count = 0;
    const heardStop = (signal: Signal): void => {
      count += 1;
      (count === 1 ? first : second).resolve(signal);
    };
    const stops = STOP_SIGNALS.map((signal): readonly [Signal, () => void] => [signal, () => heardStop(signal)]);
    const reload = (): void => {
      if (this.onReload !== undefined) this.onReload();
      else heardStop(RELOAD_SIGNAL);
    };
    const upgrade = (): void => {
      if (this.onUpgrade !== undefined) this.onUpgrade();
      else logger.warn({ reason: "this instance is starting" }, "the upgrade that was asked for is ignored");
    };
    this.listeners = [...stops, [RELOAD_SIGNAL, reload], [UPGRADE_SIGNAL, upgrade]];
    for (const [signal, listener] of this.listeners) signals.on(signal, listener);
  }

  release(): void {
    for (const [signal, listener] of this.listeners) this.signals.off(signal, listener);
  }
}
