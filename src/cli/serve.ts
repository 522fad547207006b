import type { Logger } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import { runInstance, version } from "../supervisor/index.ts";
import type { Instance, InstanceOptions } from "../supervisor/index.ts";

import { ExitCode } from "./exit-code.ts";

/** Signals that ask a process to end; SIGHUP tells that its terminal is gone. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Where the signals of this process come from. */
export interface Signals {
  on(signal: (typeof STOP_SIGNALS)[number], listener: () => void): unknown;
  off(signal: (typeof STOP_SIGNALS)[number], listener: () => void): unknown;
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
  options: Pick<InstanceOptions, "logger" | "onRecord">,
  signals: Signals,
  onListening: (urls: readonly string[]) => void,
): Promise<number> {
  const { logger } = options;
  const stop = stopSignals(signals);
  try {
    const instance = await runInstance(config, { ...options, processes: true });
    announce(instance, logger);
    onListening(instance.addresses.map(({ url }) => url.replace(/^ws/, "http")));
    logger.info({ signal: await stop.first, drain: config.drain }, "draining");
    return await Promise.race([drained(instance, config, logger), killed(instance, stop.second, logger)]);
  } finally {
    stop.release();
  }
}

function announce(instance: Instance, logger: Logger): void {
  const admin = instance.adminAddress;
  for (const { url } of instance.addresses) logger.info({ url, version: version() }, "listening");
  if (admin !== undefined) logger.info({ host: admin.host, port: admin.port }, "admin API listening");
}

async function drained(instance: Instance, config: Config, logger: Logger): Promise<number> {
  const clean = await instance.drain(config.drain);
  if (clean) logger.info({}, "stopped");
  else logger.warn({}, "stopped at the drain deadline; what was still open has been cut");
  return clean ? ExitCode.fine : ExitCode.drainDeadline;
}

async function killed(instance: Instance, second: Promise<string>, logger: Logger): Promise<number> {
  logger.warn({ signal: await second }, "stopped at once by a second signal; what was still open has been cut");
  instance.kill();
  return ExitCode.drainDeadline;
}

interface StopSignals {
  readonly first: Promise<string>;
  readonly second: Promise<string>;
  release(): void;
}

function stopSignals(signals: Signals): StopSignals {
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  let count = 0;
  const listeners = STOP_SIGNALS.map((signal) => {
    const listener = (): void => {
      count += 1;
      (count === 1 ? first : second).resolve(signal);
    };
    signals.on(signal, listener);
    return { signal, listener };
  });
  return {
    first: first.promise,
    second: second.promise,
    release() {
      for (const { signal, listener } of listeners) signals.off(signal, listener);
    },
  };
}
