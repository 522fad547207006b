import type { Move, ReloadReport } from "../admin/index.ts";
import { FairleadError } from "../base/index.ts";
import { applyChanges, diffConfigs, diffLines, rebase } from "../config/index.ts";
import type { Changes, Config, ConfigDiff, DrainOptions, LoadedConfig } from "../config/index.ts";
import { checkTls } from "../listener/index.ts";

import type { EventLog } from "./event-log.ts";
import type { Moves } from "./moves.ts";
import type { OperatedInstance, OperationsWorld } from "./world.ts";

/** What follows a swap: who wanted it, and how drains that it begins are to go. */
interface Cause {
  readonly by: Move["by"];
  /** Instead of the pool's own. */
  readonly drain?: DrainOptions | undefined;
}

interface Swapped {
  /** What has changed. */
  readonly diff: ConfigDiff;
  /** The drains that follow from it. */
  readonly drains: readonly Move[];
}

/**
 * Keeps what the configuration in force is made of: the file's, and what has been changed at run time over it. Puts
 * another one in force, one at a time, and begins what follows from that.
 */
export class Keeper {
  private readonly instance: OperatedInstance;
  private readonly world: OperationsWorld;
  private readonly moves: Moves;
  private readonly events: EventLog;
  private file: Config;
  private over: Changes;
  private revision = 1;
  /** The last swap that was asked for; the next one waits for it. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(instance: OperatedInstance, world: OperationsWorld, moves: Moves, events: EventLog) {
    this.instance = instance;
    this.world = world;
    this.moves = moves;
    this.events = events;
    this.file = world.file;
    this.over = world.changes;
  }

  /** What has been changed at run time. */
  get changes(): Changes {
    return this.over;
  }

  /**
   * Reads the configuration anew and puts it in force.
   *
   * @param load instead of the way in which it was read at the start
   * @throws ConfigError; FairleadError TLS_FILES or LISTEN_FAILED; CONFLICT where there is nothing to read, or while the
   *   instance ends; nothing has changed then
   */
  async reload(load = this.world.load): Promise<ReloadReport> {
    if (load === undefined)
      throw new FairleadError(
        "CONFLICT",
        "This instance has no configuration file; whoever started it has to change it.",
      );
    return this.inTurn(async () => {
      try {
        return await this.putFile(load());
      } catch (error) {
        this.failed(error);
        throw error;
      }
    });
  }

  /**
   * Changes something at run time.
   *
   * @param alter makes the changes over the file's configuration
   * @param drain how drains are to go that this begins, instead of as their pools say
   * @returns the drains that it began
   * @throws what `alter` throws; FairleadError
   */
  alter(alter: (changes: Changes, file: Config) => Changes, drain?: DrainOptions): Promise<readonly Move[]> {
    return this.inTurn(async () => {
      const changes = alter(this.over, this.file);
      const { drains } = await this.put(applyChanges(this.file, changes), { by: "operator", drain });
      this.over = changes;
      return drains;
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => {});
    return result;
  }

  private async putFile({ config, warnings, file }: LoadedConfig): Promise<ReloadReport> {
    const loaded = withoutRestart(config, this.file);
    const { changes, overruled } = rebase(this.over, this.file, loaded);
    const needsRestart = linesOf(diffConfigs(this.file, config), true);
    const { diff } = await this.put(applyChanges(loaded, changes), { by: "configuration" });
    this.file = loaded;
    this.over = changes;
    const outcome = diff.length === 0 ? "unchanged" : "reloaded";
    const report: ReloadReport = {
      outcome,
      revision: this.revision,
      file: file ?? null,
      changes: linesOf(diff, false),
      overruled,
      needsRestart,
      warnings,
    };
    this.told(report);
    return report;
  }

  /** Puts a configuration in force, and begins what follows from it. */
  private async put(next: Config, cause: Cause): Promise<Swapped> {
    const before = this.instance.config;
    const diff = diffConfigs(before, next);
    if (diff.length === 0) return { diff, drains: [] };
    // What a certificate is worth shows only when it is used; no worker is to find that out later.
    for (const { tls } of next.listeners) if (tls !== undefined) checkTls(tls);
    await this.instance.reconfigure(next);
    this.revision += 1;
    for (const line of linesOf(diff, false)) this.world.logger.info({ revision: this.revision }, line);
    this.tellBackends(diff);
    this.cancelDrains(next);
    const drains = await this.beginDrains(before, next, cause);
    this.moves.watch();
    return { diff, drains };
  }

  /** Backends that are gone, or drain from now on, lose their tunnels at their pace. */
  private async beginDrains(before: Config, next: Config, { by, drain }: Cause): Promise<Move[]> {
    const begun = Object.values(before.pools).flatMap((pool) => {
      const now = next.pools[pool.name];
      const terms = drain ?? now?.drain ?? pool.drain;
      return pool.backends
        .filter(({ name, state }) => {
          const is = now?.backends.find((backend) => backend.name === name);
          return is === undefined || (is.state === "draining" && state === "active");
        })
        .map(({ name }) => this.moves.drain(pool.name, name, terms, by));
    });
    return Promise.all(begun);
  }

  /** Backends that take new work keep their tunnels. */
  private cancelDrains({ pools }: Config): void {
    for (const pool of Object.values(pools)) {
      for (const { name, state } of pool.backends) {
        const move = state === "active" ? this.moves.drainOf(pool.name, name) : undefined;
        if (move !== undefined) this.moves.cancel(move.id);
      }
    }
  }

  private tellBackends(diff: ConfigDiff): void {
    for (const difference of diff) {
      if (difference.subject !== "backend") continue;
      const { name, owner = "" } = difference;
      const [line] = diffLines(difference);
      this.events.add(`backend-${difference.kind}`, line?.text ?? name, { pool: owner, backend: name });
    }
  }

  private told(report: ReloadReport): void {
    const { logger } = this.world;
    const { outcome, revision, file, overruled, needsRestart, warnings } = report;
    for (const line of overruled) logger.warn({ revision }, `a change made at run time was overruled: ${line}`);
    for (const line of needsRestart) logger.warn({ revision }, `needs a restart: ${line}`);
    for (const line of warnings) logger.warn({ revision }, line);
    const message =
      outcome === "unchanged" ? "the configuration is what it was" : "the configuration has been reloaded";
    logger.info({ revision, file }, message);
    this.events.add("reloaded", message, { ...report });
  }

  private failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.world.logger.error({}, `the reload has failed, and nothing has changed:\n${message}`);
    this.events.add("reload-failed", message);
  }
}

/** What only a restart can change stays as it is. */
function withoutRestart(config: Config, running: Config): Config {
  const { admin, workers, socketDriver, log } = running;
  const { format, accessFormat } = log;
  return { ...config, admin, workers, socketDriver, log: { ...config.log, format, accessFormat } };
}

function linesOf(diff: ConfigDiff, restart: boolean): string[] {
  return diff.flatMap((difference) => {
    const fitting =
      difference.kind === "changed"
        ? { ...difference, changes: difference.changes.filter((change) => change.restart === restart) }
        : difference;
    if (restart && difference.kind !== "changed") return [];
    return diffLines(fitting).map(({ sign, text, effect }) => `${sign} ${text} (${effect})`);
  });
}
