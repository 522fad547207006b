import { createAffinity } from "../affinity/index.ts";
import type { Affinity } from "../affinity/index.ts";
import { createBalancer } from "../balancing/index.ts";
import type { Balancer } from "../balancing/index.ts";
import { PoolState } from "../base/index.ts";
import type { Clock, Random } from "../base/index.ts";
import type { BackendConfig, PoolConfig } from "../config/index.ts";
import { requestKey } from "../http/index.ts";
import type { RequestFacts } from "../http/index.ts";

import { PickRate } from "./pick-rate.ts";

/** What a worker counts of one backend. All but `open` only grow. */
export interface BackendCounters {
  /** Tunnels that are open now. */
  open: number;
  /** Requests in flight now. */
  inFlight: number;
  /** Tunnels opened so far. */
  tunnels: number;
  /** Requests begun so far. */
  requests: number;
  /** Dials and requests that failed for the backend's sake. */
  failures: number;
}

/** Told when a worker's own load of a backend has changed. */
export type OnLoad = (pool: Pool, index: number) => void;

/** What a pool needs of its worker. */
export interface PoolWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** Key of affinity cookies. */
  readonly secret: string;
  /** Whether other workers choose among the same backends. */
  readonly shared: boolean;
  readonly onLoad: OnLoad;
}

/** One pool as a worker sees it: who is in it, who is well, how much each has, and whom to take next. */
export class Pool {
  readonly config: PoolConfig;
  readonly counters: readonly BackendCounters[];

  private readonly view: PoolState;
  private readonly mine: Int32Array;
  private readonly others: Int32Array;
  private readonly healthy: Uint8Array;
  private readonly balancer: Balancer;
  private readonly affinity: Affinity;
  private readonly pickRate: PickRate | undefined;
  private readonly onLoad: OnLoad;

  constructor(config: PoolConfig, world: PoolWorld) {
    const { backends } = config;
    const names = backends.map((backend) => backend.name);
    this.config = config;
    this.view = new PoolState(
      names,
      backends.map((backend) => backend.weight),
    );
    this.mine = new Int32Array(backends.length);
    this.others = new Int32Array(backends.length);
    this.healthy = new Uint8Array(backends.length).fill(1);
    this.counters = backends.map(() => ({ open: 0, inFlight: 0, tunnels: 0, requests: 0, failures: 0 }));
    this.balancer = createBalancer(config.balance, world.random);
    this.affinity = createAffinity(config.affinity, { pool: config.name, names, secret: world.secret });
    this.pickRate = world.shared ? new PickRate(world.clock) : undefined;
    this.onLoad = world.onLoad;
  }

  /**
   * Chooses a backend: the one that affinity prefers, else the algorithm's. To be called again with the failed ones.
   *
   * @returns index, or -1 when no candidate is left
   */
  pick(facts: RequestFacts, tried: readonly number[]): number {
    if (this.pickRate !== undefined) this.view.stale = this.pickRate.isHigh();
    const preferred = this.affinity.prefer(this.view, facts, tried);
    if (preferred >= 0) return preferred;
    return this.balancer.pick(this.view, { key: this.keyOf(facts), tried });
  }

  /** The Set-Cookie value that the answer needs when this backend was chosen, if any. */
  cookieFor(index: number, facts: RequestFacts): string | undefined {
    return this.affinity.cookieFor(index, facts);
  }

  backend(index: number): BackendConfig {
    const backend = this.config.backends[index];
    if (backend === undefined) throw new RangeError(`pool ${this.config.name} has no backend ${index}`);
    return backend;
  }

  /** Load of a backend over all workers. */
  load(index: number): number {
    return this.view.load(index);
  }

  /** A worker's own load of a backend: open tunnels, dials and requests in flight. */
  ownLoad(index: number): number {
    return this.mine[index] ?? 0;
  }

  /** Counts a pick. The caller gives it back with `release`, exactly once. */
  acquire(index: number): void {
    this.changeLoad(index, 1);
  }

  release(index: number): void {
    this.changeLoad(index, -1);
  }

  /** Takes over what the other workers have. */
  setOthers(index: number, load: number): void {
    this.others[index] = load;
    this.view.setLoad(index, load + this.ownLoad(index));
  }

  tunnelOpened(index: number): void {
    const counters = this.countersOf(index);
    counters.open += 1;
    counters.tunnels += 1;
  }

  tunnelClosed(index: number): void {
    this.countersOf(index).open -= 1;
  }

  requestBegun(index: number): void {
    const counters = this.countersOf(index);
    counters.inFlight += 1;
    counters.requests += 1;
  }

  requestEnded(index: number): void {
    this.countersOf(index).inFlight -= 1;
  }

  /** A tunnel, dial or request failed for the backend's sake. */
  noteFailure(index: number): void {
    this.countersOf(index).failures += 1;
  }

  isHealthy(index: number): boolean {
    return this.healthy[index] === 1;
  }

  setHealthy(index: number, healthy: boolean): void {
    this.healthy[index] = healthy ? 1 : 0;
    this.view.setEligible(index, healthy);
  }

  private countersOf(index: number): BackendCounters {
    const counters = this.counters[index];
    if (counters === undefined) throw new RangeError(`pool ${this.config.name} has no backend ${index}`);
    return counters;
  }

  private keyOf(facts: RequestFacts): string | undefined {
    const { balance } = this.config;
    return balance.method === "hash" ? requestKey(balance.by, facts) : undefined;
  }

  private changeLoad(index: number, change: number): void {
    const own = this.ownLoad(index) + change;
    this.mine[index] = own;
    this.view.setLoad(index, own + (this.others[index] ?? 0));
    this.onLoad(this, index);
  }
}
