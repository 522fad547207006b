import type { Clock, PoolState, Random } from "../base/index.ts";
import type { BackendConfig, PoolConfig } from "../config/index.ts";
import { requestKey } from "../http/index.ts";
import type { RequestFacts } from "../http/index.ts";

import { Backend, NOWHERE } from "./backend.ts";
import { nextChooser } from "./chooser.ts";
import type { Chooser } from "./chooser.ts";
import { PickRate } from "./pick-rate.ts";

/** Told when a worker's own load of a backend has changed. */
export type OnLoad = (pool: Pool, backend: Backend) => void;

/** What a pool needs of its worker. */
export interface PoolWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether other workers choose among the same backends. */
  readonly shared: boolean;
  readonly onLoad: OnLoad;
}

const NONE: readonly number[] = [];

/**
 * One pool as a worker sees it: who is in it, who is well, how much each has, and whom to take next. It lives as long as
 * there is one of that name; what is said of it changes in place.
 */
export class Pool {
  readonly name: string;
  /** Clients that found no place with any backend. */
  refused = 0;

  private chooser: Chooser;
  private readonly world: PoolWorld;
  private readonly known = new Map<string, Backend>();
  private readonly pickRate: PickRate | undefined;

  /** @param secret key of affinity cookies */
  constructor(config: PoolConfig, secret: string, world: PoolWorld) {
    this.name = config.name;
    this.world = world;
    this.pickRate = world.shared ? new PickRate(world.clock) : undefined;
    this.chooser = this.choose(config, secret, undefined);
  }

  get config(): PoolConfig {
    return this.chooser.config;
  }

  /** Those that can be chosen, in the order of the configuration. */
  get members(): readonly Backend[] {
    return this.chooser.members;
  }

  /** All that have something, removed ones too. */
  get backends(): Iterable<Backend> {
    return this.known.values();
  }

  /** Whether nothing is left of a pool whose backends have all been removed. */
  get isEmpty(): boolean {
    return this.known.size === 0;
  }

  /** Undefined for one that is not in the pool and has nothing any more. */
  backend(name: string): Backend | undefined {
    return this.known.get(name);
  }

  /** Goes by another configuration of the same pool from now on. Tunnels stay. */
  update(config: PoolConfig, secret: string): void {
    this.chooser = this.choose(config, secret, this.chooser);
  }

  /** Removes all backends: the pool is no longer configured, and nobody asks it for one. */
  retire(): void {
    this.update({ ...this.config, backends: [] }, this.chooser.secret);
  }

  /**
   * Chooses a backend: the one that affinity prefers, else the algorithm's. To be called again with the failed ones.
   *
   * @returns undefined when no candidate is left
   */
  pick(facts: RequestFacts, failed: readonly Backend[]): Backend | undefined {
    const { view, members, affinity } = this.chooser;
    const preferred = affinity.prefer(view, facts, indexesOf(failed));
    const kept = preferred >= 0 ? members[preferred] : undefined;
    if (kept !== undefined && !kept.sheds) return kept;
    return this.pickAnother(facts, failed);
  }

  /** Chooses like `pick`, by the algorithm alone: for a client that is to leave where it was. */
  pickAnother(facts: RequestFacts, failed: readonly Backend[]): Backend | undefined {
    const { view, members, balancer } = this.chooser;
    if (this.pickRate !== undefined) view.stale = this.pickRate.isHigh();
    return members[balancer.pick(view, { key: this.keyOf(facts), tried: indexesOf(failed) })];
  }

  /** From now on no affinity leads to these, which have more than their share; what they have stays. */
  shed(names: readonly string[]): void {
    for (const backend of this.known.values()) backend.sheds = names.includes(backend.name);
  }

  /** The Set-Cookie value that the answer needs when this backend was chosen, if any. */
  cookieFor({ index }: Backend, facts: RequestFacts): string | undefined {
    return this.chooser.affinity.cookieFor(index, facts);
  }

  /** Counts a pick. The caller gives it back with `release`, exactly once. */
  acquire(backend: Backend): void {
    this.changeLoad(backend, 1);
  }

  release(backend: Backend): void {
    this.changeLoad(backend, -1);
    this.forgetIfGone(backend);
  }

  /** Takes over what the other workers have. */
  setOthers(name: string, load: number): void {
    const backend = this.known.get(name);
    if (backend === undefined) return;
    backend.others = load;
    this.showLoad(backend);
  }

  setHealthy(name: string, healthy: boolean): void {
    const backend = this.known.get(name);
    if (backend === undefined) return;
    backend.healthy = healthy;
    this.showEligibility(backend);
  }

  tunnelOpened({ counters }: Backend): void {
    counters.open += 1;
    counters.tunnels += 1;
  }

  tunnelClosed({ counters }: Backend): void {
    counters.open -= 1;
  }

  requestBegun({ counters }: Backend): void {
    counters.inFlight += 1;
    counters.requests += 1;
  }

  requestEnded({ counters }: Backend): void {
    counters.inFlight -= 1;
  }

  /** A tunnel, dial or request failed for the backend's sake. */
  noteFailure({ counters }: Backend): void {
    counters.failures += 1;
  }

  private choose(config: PoolConfig, secret: string, old: Chooser | undefined): Chooser {
    const members = config.backends.map((backend) => this.member(backend));
    const chooser = nextChooser(config, secret, members, old, this.world.random);
    for (const backend of members) showOn(chooser.view, backend);
    for (const backend of old?.members ?? []) this.forgetIfGone(backend);
    return chooser;
  }

  private member(config: BackendConfig): Backend {
    const backend = this.known.get(config.name) ?? new Backend(config);
    this.known.set(config.name, backend);
    backend.config = config;
    return backend;
  }

  private forgetIfGone(backend: Backend): void {
    if (backend.index === NOWHERE && backend.own === 0) this.known.delete(backend.name);
  }

  private keyOf(facts: RequestFacts): string | undefined {
    const { balance } = this.config;
    return balance.method === "hash" ? requestKey(balance.by, facts) : undefined;
  }

  private changeLoad(backend: Backend, change: number): void {
    backend.own += change;
    this.showLoad(backend);
    this.world.onLoad(this, backend);
  }

  private showLoad({ index, load }: Backend): void {
    if (index !== NOWHERE) this.chooser.view.setLoad(index, load);
  }

  private showEligibility(backend: Backend): void {
    if (backend.index !== NOWHERE) this.chooser.view.setEligible(backend.index, takesNew(backend));
  }
}

function indexesOf(backends: readonly Backend[]): readonly number[] {
  return backends.length === 0 ? NONE : backends.map(({ index }) => index);
}

function takesNew({ healthy, config }: Backend): boolean {
  return healthy && config.state === "active";
}

function showOn(view: PoolState, backend: Backend): void {
  const { index, load, config } = backend;
  if (view.load(index) !== load) view.setLoad(index, load);
  if (view.weight(index) !== config.weight) view.setWeight(index, config.weight);
  if (view.isEligible(index) !== takesNew(backend)) view.setEligible(index, takesNew(backend));
}
