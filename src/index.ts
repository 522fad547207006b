/** The door of the library: a load balancer inside another program. */
import type { ReloadReport } from "./admin/index.ts";
import { FairleadError, parseDuration, silentLogger } from "./base/index.ts";
import type { Logger, Milliseconds } from "./base/index.ts";
import { parseConfig } from "./config/index.ts";
import type { Address, ConfigInput, LoadedConfig } from "./config/index.ts";
import type { AccessRecord } from "./gateway/index.ts";
import type { Status } from "./metrics/index.ts";
import { runInstance } from "./supervisor/index.ts";
import type { ListeningAddress } from "./supervisor/index.ts";

export type { ReloadReport } from "./admin/index.ts";
export { type ErrorCode, FairleadError, type Fault, type Logger } from "./base/index.ts";
export { ConfigError, type ConfigInput, type Problem } from "./config/index.ts";
export type { AccessRecord, LegRecord } from "./gateway/index.ts";
export type { BackendStatus, PoolStatus, Status, WorkerStatus } from "./metrics/index.ts";
export type { ListeningAddress } from "./supervisor/index.ts";

/** What a program may want to hear from its balancer. */
export interface LoadBalancerOptions {
  /** Gets what an operator should know; a pino logger fits. Default: nothing is logged. */
  readonly logger?: Logger;
  /** Called once for every tunnel and every request, at its end; before that, too, where `log` asks for it. What it throws is logged and goes no further. */
  readonly onRecord?: (record: AccessRecord) => void;
}

/** A running load balancer. */
export interface LoadBalancer {
  /** Where it listens, in the order of the configuration. */
  readonly addresses: readonly ListeningAddress[];
  /** Undefined when the admin API is off. */
  readonly adminAddress: Address | undefined;
  /** What it holds and counts now. */
  status(): Promise<Status>;
  /**
   * Puts another configuration in the place of the one in force. Open tunnels stay, save those of backends that are
   * removed, which are drained. What only a restart can change stays as it is: `admin`, `socketDriver`.
   *
   * @param config the whole of it, as for {@link createLoadBalancer}
   * @returns what has changed
   * @throws ConfigError (CONFIG_INVALID) with every mistake; FairleadError LISTEN_FAILED or TLS_FILES, CONFLICT once it is
   *   closed; nothing has changed then
   */
  reload(config: ConfigInput): Promise<ReloadReport>;
  /**
   * Takes nothing new, ends every tunnel with Close 1012, and stops. Calling it again gives the same promise.
   *
   * @param options.drain time over which tunnels are ended: milliseconds, or text such as `"30s"`. Default: `drain` of
   *   the configuration
   * @returns `clean`: whether everything had ended when the time, and a few seconds for closing handshakes, was over
   * @throws FairleadError USAGE when `drain` is no duration
   */
  close(options?: { readonly drain?: Milliseconds | string }): Promise<{ readonly clean: boolean }>;
}

/**
 * Starts a load balancer in this process; resolves when it listens.
 *
 * @param config what a configuration file holds. The admin API is off unless it is asked for, and `workers` must be
 *   absent, `"auto"` or 1: an embedded balancer is one process
 * @throws ConfigError (CONFIG_INVALID) with every mistake of the configuration
 * @throws FairleadError LISTEN_FAILED or TLS_FILES; nothing is left running then
 */
export async function createLoadBalancer(
  config: ConfigInput,
  options: LoadBalancerOptions = {},
): Promise<LoadBalancer> {
  const { logger = silentLogger, onRecord = () => {} } = options;
  const { config: parsed, warnings } = interpret(config);
  for (const warning of warnings) logger.warn({}, warning);
  const instance = await runInstance(parsed, { logger, onRecord: (record) => onRecord(record), processes: false });
  let closed: Promise<{ clean: boolean }> | undefined;
  return {
    get addresses() {
      return instance.addresses;
    },
    adminAddress: instance.adminAddress,
    status: () => instance.status(),
    reload: (next) => instance.reload(() => interpret(next)),
    close(how = {}) {
      closed ??= instance.drain(durationOf(how.drain ?? instance.config.drain)).then((clean) => ({ clean }));
      return closed;
    },
  };
}

/** Every key that may be left out has its default. */
function interpret(input: ConfigInput): LoadedConfig {
  const interpreted = parseConfig({ admin: "off", ...input });
  const { workers } = interpreted.config;
  if (workers === "auto" || workers === 1) return { ...interpreted, file: undefined };
  throw new FairleadError(
    "CONFIG_INVALID",
    `workers: ${workers} is not possible in an embedded balancer; leave it out, or run the command.`,
  );
}

function durationOf(value: Milliseconds | string): Milliseconds {
  const duration = typeof value === "number" ? value : parseDuration(value);
  if (duration !== undefined && duration >= 0) return duration;
  throw new FairleadError(
    "USAGE",
    `drain: ${JSON.stringify(value)} is no duration; write milliseconds, or text such as "30s".`,
  );
}
