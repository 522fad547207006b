import { parse } from "yaml";

import { routesOf } from "../admin/index.ts";
import type {
  AdminSource,
  BackendChange,
  BackendInput,
  DrainInput,
  Move,
  RebalanceInput,
  ReloadReport,
  RouteInfo,
  Sample,
  TunnelFilter,
  TunnelPage,
  TunnelQuery,
} from "../admin/index.ts";
import { FairleadError } from "../base/index.ts";
import {
  addBackend,
  backendName,
  changeBackend,
  drainTerms,
  explainConfig,
  rebalanceTerms,
  removeBackend,
} from "../config/index.ts";
import type { Changes, LoadedConfig, PoolConfig } from "../config/index.ts";
import type { BackendStatus, Status, Tally } from "../metrics/index.ts";

import { mergePages } from "./desk.ts";
import { logEvents } from "./event-lines.ts";
import { EventLog } from "./event-log.ts";
import { Keeper } from "./keeper.ts";
import { Moves } from "./moves.ts";
import type { OperatedInstance, OperationsWorld } from "./world.ts";

/** Everything that operators see of an instance, and do to it. */
export class Operations implements AdminSource {
  readonly events: EventLog;

  private readonly instance: OperatedInstance;
  private readonly world: OperationsWorld;
  private readonly running: Moves;
  private readonly keeper: Keeper;

  constructor(instance: OperatedInstance, world: OperationsWorld) {
    this.instance = instance;
    this.world = world;
    this.events = new EventLog(world.clock);
    logEvents(this.events, world.logger);
    this.running = new Moves({
      ...world,
      config: () => instance.config,
      isHealthy: (pool, backend) => instance.isHealthy(pool, backend),
      order: async (orderFor) => {
        const answers = await instance.ask("move", orderFor);
        return answers.map(({ worker, answer }) => ({ worker, report: answer }));
      },
      shed: (pool, backends) => instance.shed(pool, backends),
      tell: (type, move) => this.events.add(type, describe(move), { ...fieldsOf(move) }),
    });
    this.keeper = new Keeper(instance, world, this.running, this.events);
    this.running.watch();
  }

  ready(): boolean {
    return this.instance.ready();
  }

  status(): Promise<Status> {
    return this.instance.status();
  }

  config(): unknown {
    return parse(explainConfig(this.instance.config));
  }

  routes(): readonly RouteInfo[] {
    return routesOf(this.instance.config);
  }

  reload(load?: () => LoadedConfig): Promise<ReloadReport> {
    return this.keeper.reload(load);
  }

  async addBackend(pool: string, input: BackendInput): Promise<BackendStatus> {
    await this.keeper.alter((changes, file) => addBackend(changes, file, pool, input));
    return this.backendStatus(pool, backendName(input.url));
  }

  async changeBackend(pool: string, backend: string, change: BackendChange): Promise<BackendStatus> {
    await this.keeper.alter((changes, file) => changeBackend(changes, file, pool, backend, change));
    return this.backendStatus(pool, backendName(backend));
  }

  async removeBackend(pool: string, backend: string): Promise<Move | null> {
    const drains = await this.keeper.alter((changes, file) => removeBackend(changes, file, pool, backend));
    const drain = drains.find((move) => move.backend === backendName(backend));
    return drain === undefined || drain.total === 0 ? null : drain;
  }

  async tunnels(query: TunnelQuery): Promise<TunnelPage> {
    const answers = await this.instance.ask("tunnels", () => query);
    return mergePages(
      answers.flatMap(({ answer }) => answer ?? []),
      query,
    );
  }

  async endTunnels(filter: TunnelFilter): Promise<number> {
    const answers = await this.instance.ask("end", () => filter);
    const count = answers.reduce((sum, { answer = 0 }) => sum + answer, 0);
    this.events.add("tunnels-ended", `${count} ${count === 1 ? "tunnel was" : "tunnels were"} ended by an operator`, {
      count,
      filter,
    });
    return count;
  }

  moves(): readonly Move[] {
    return this.running.list();
  }

  async drain({ pool: name, backend: written, ...input }: DrainInput): Promise<Move> {
    const pool = this.poolOf(name);
    const backend = backendName(written);
    const terms = drainTerms(pool.drain, input);
    const begun = await this.keeper.alter(
      (changes, file) => changeBackend(changes, file, name, backend, { state: "draining" }),
      terms,
    );
    // One that was draining already goes on in another way.
    return begun.find((move) => move.backend === backend) ?? this.running.drain(name, backend, terms, "operator");
  }

  async rebalance({ pool: name, ...input }: RebalanceInput): Promise<Move> {
    const pool = this.poolOf(name);
    return this.running.rebalance(pool, rebalanceTerms(pool.rebalance, input), "operator");
  }

  cancelMove(id: string): Move {
    return this.running.cancel(id);
  }

  history(since?: number): readonly Sample[] {
    return this.world.history(since);
  }

  metrics(accept?: string): ReturnType<AdminSource["metrics"]> {
    return this.world.metrics(accept);
  }

  /** What has been changed at run time. */
  get changes(): Changes {
    return this.keeper.changes;
  }

  /** What moves have still to do, and have done, by kind and pool. */
  tallies(): { readonly movesLeft: Tally; readonly moved: Tally } {
    return this.running.tallies();
  }

  /** Ends all moves where they are. */
  stop(): void {
    this.running.stop();
  }

  private poolOf(name: string): PoolConfig {
    const { pools } = this.instance.config;
    const pool = Object.hasOwn(pools, name) ? pools[name] : undefined;
    if (pool !== undefined) return pool;
    throw new FairleadError("NOT_FOUND", `There is no pool ${name}; there are ${Object.keys(pools).join(", ")}.`);
  }

  private async backendStatus(pool: string, backend: string): Promise<BackendStatus> {
    const { pools } = await this.status();
    const found = pools.find(({ name }) => name === pool)?.backends.find(({ name }) => name === backend);
    if (found !== undefined) return found;
    throw new FairleadError("NOT_FOUND", `The pool ${pool} has no backend ${backend}.`);
  }
}

/** `drain d1 of ws://10.0.0.1:8000 in pool chat: running, 10 of 200 moved` */
function describe({ id, pool, backend, state, moved, total }: Move): string {
  const what = backend === null ? `rebalance ${id} of pool ${pool}` : `drain ${id} of ${backend} in pool ${pool}`;
  return `${what}: ${state}, ${moved} of ${total} moved`;
}

function fieldsOf(move: Move): Readonly<Record<string, unknown>> {
  const { id, backend, ...rest } = move;
  return { move: id, ...rest, ...(backend !== null && { backend }) };
}
