import { isHashing } from "../affinity/index.ts";
import { balanceMeasures } from "../balancing/index.ts";
import type { Clock, Milliseconds, PoolState, Random } from "../base/index.ts";
import type { BackendConfig, PoolConfig } from "../config/index.ts";
import { requestKey } from "../http/index.ts";
import type { RequestFacts } from "../http/index.ts";

import { Admission } from "./admission.ts";
import { Backend, NOWHERE } from "./backend.ts";
import { nextChooser } from "./chooser.ts";
import type { Chooser } from "./chooser.ts";
import type { Gauged, GaugeStart } from "./gauge.ts";
import { Gauges } from "./gauges.ts";
import type { CarriedBy } from "./gauges.ts";
import { NO_READING } from "./reading.ts";
import type { BackendReading, Reading } from "./reading.ts";
import { limitOf } from "./gate.ts";
import { PickRate } from "./pick-rate.ts";
import type { Later, Seeker, Waiter } from "./waiting.ts";

/** Told of something about a backend: that this worker's own load of it has changed. */
export type OnLoad = (pool: Pool, backend: Backend) => void;

/** What a pool needs of its worker. */
export interface PoolWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** Workers that choose among the same backends, this one included. */
  readonly workers: number;
  readonly onLoad: OnLoad;
  /** The supervisor is to be asked for more room at a backend; never with one worker. */
  readonly onWant: OnLoad;
  /** How clients wait; by the system's timers unless given. */
  readonly later?: Later | undefined;
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
  /** Tunnels that have lost their backend and look for another one. */
  rehoming = 0;

  private chooser: Chooser;
  private readonly world: PoolWorld;
  private readonly gauges = new Gauges();
  private readonly known = new Map<string, Backend>();
  private readonly pickRate: PickRate | undefined;
  private readonly admission: Admission;

  /** @param secret key of affinity cookies */
  constructor(config: PoolConfig, secret: string, world: PoolWorld) {
    this.name = config.name;
    this.world = world;
    this.pickRate = world.workers > 1 ? new PickRate(world.clock) : undefined;
    this.admission = this.makeAdmission();
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
    this.admission.wake();
  }

  /** Removes all backends: the pool is no longer configured, and nobody asks it for one. */
  retire(): void {
    this.update({ ...this.config, backends: [] }, this.chooser.secret);
    this.dismiss();
  }

  /** Clients that wait for a place. */
  get queued(): number {
    return this.admission.queued;
  }

  /**
   * Finds a place with a backend, and counts it as taken: the caller gives it back with `release`, exactly once. To be
   * called again with those that failed.
   *
   * @returns undefined when there is none, or none now: some can be waited for
   */
  claim(seeker: Seeker): Backend | undefined {
    return this.admission.claim(seeker);
  }

  /** Waits for a place, which is taken then. Undefined when there is nothing to wait for, or too many wait. */
  wait(seeker: Seeker): Waiter | undefined {
    return this.admission.wait(seeker);
  }

  /** Whether who finds no place does so because those that could be chosen have as much as they may have. */
  isOverloaded(seeker: Seeker): boolean {
    return this.admission.isOverloaded(seeker);
  }

  /** Nobody waits for a place any more. */
  dismiss(): void {
    this.admission.dismiss();
  }

  /**
   * Chooses a backend: the one that affinity prefers, else the algorithm's. Who leaves its own is not brought back there by a cookie.
   *
   * @returns undefined when no candidate is left
   */
  pick({ kind, facts, failed, leaves }: Seeker): Backend | undefined {
    const { members, affinity, config } = this.chooser;
    const { view, balancer } = this.chooser[kind];
    if (this.pickRate !== undefined) view.stale = this.pickRate.isHigh();
    const tried = failed.length === 0 ? NONE : failed.map(({ index }) => index);
    const preferred = leaves === true && !isHashing(config.affinity) ? NOWHERE : affinity.prefer(view, facts, tried);
    const kept = preferred >= 0 ? members[preferred] : undefined;
    if (kept !== undefined && !kept.sheds) return kept;
    return members[balancer.pick(view, { key: this.keyOf(facts), tried })];
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
    const { hasRoom } = backend;
    this.changeLoad(backend, -1);
    this.forgetIfGone(backend);
    // Nobody waits for one that had room already.
    if (!hasRoom) this.admission.wake(backend);
  }

  /**
   * Takes over what the supervisor allows this worker to have with a backend.
   *
   * @param confirm told of what this worker uses then, before it wants more
   */
  allow(name: string, allowed: number | "off", confirm: (used: number) => void): void {
    const backend = this.known.get(name);
    if (backend === undefined) confirm(0);
    else this.admission.order(backend, allowed, confirm);
  }

  /** What a backend's weight is multiplied with from now on. */
  warm(name: string, factor: number): void {
    const backend = this.known.get(name);
    if (backend === undefined) return;
    backend.warmth = factor;
    this.show(backend);
  }

  /** Takes over what the other workers have. */
  setOthers(name: string, load: number): void {
    const backend = this.known.get(name);
    if (backend === undefined) return;
    backend.others = load;
    this.show(backend);
  }

  setHealthy(name: string, healthy: boolean): void {
    const backend = this.known.get(name);
    if (backend === undefined) return;
    backend.healthy = healthy;
    this.show(backend);
    this.admission.wake(backend);
  }

  /** Whether the balancing method wants anything to be measured, so that {@link look} has to be called. */
  get isMeasured(): boolean {
    return this.gauges.isOn;
  }

  /** Whether it wants to know what tunnels carry. */
  get asksForTraffic(): boolean {
    return this.gauges.measures.activity !== undefined;
  }

  /** A backend has answered a handshake, or has let it time out. */
  noteHandshake({ gauge }: Backend, milliseconds: Milliseconds): void {
    if (this.isMeasured) gauge.noteHandshake(milliseconds);
  }

  /** A backend's heartbeat has come back. */
  noteRoundTrip({ gauge }: Backend, milliseconds: Milliseconds): void {
    if (this.isMeasured) gauge.noteRoundTrip(milliseconds);
  }

  /** A backend has said how loaded it is, from 0 to 1. */
  noteReport({ gauge }: Backend, load: number): void {
    if (this.isMeasured) gauge.noteReport(load);
  }

  /**
   * Counts in what has been measured since the last time; to be called every second while something is.
   *
   * @param elapsed since the last time
   * @returns what of it this worker saw, for the others
   */
  look(elapsed: Milliseconds, carriedBy: CarriedBy): BackendReading[] {
    const seen = this.gauges.look(elapsed, this.known.values(), viewsOf(this.chooser), carriedBy);
    return [...seen].map(([{ name }, reading]) => [this.name, name, reading]);
  }

  /** Goes on from what others have measured of these backends: this worker is new. */
  beginReadings(known: ReadonlyMap<string, GaugeStart>): void {
    const own = [...known].flatMap(([name, start]) => {
      const backend = this.known.get(name);
      return backend === undefined ? [] : [[backend, start] as const];
    });
    this.gauges.begin(new Map(own), this.known.values(), viewsOf(this.chooser));
  }

  /** What is known of the backends by now, by name; empty where nothing is measured. */
  gauged(): Map<string, Gauged> {
    return new Map(
      [...this.known.values()].flatMap((backend) => {
        const gauged = this.gauges.read(backend);
        return gauged === undefined ? [] : [[backend.name, gauged]];
      }),
    );
  }

  /** Takes over what the other workers saw: of every backend, those that are absent too. */
  setOtherReadings(readings: ReadonlyMap<string, Reading>): void {
    for (const [name, { gauge }] of this.known) gauge.hear(readings.get(name) ?? NO_READING);
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
    for (const backend of members) this.admit(backend, config);
    const chooser = nextChooser(config, secret, members, old, this.world.random);
    this.gauges.follow(balanceMeasures(config.balance), this.known.values());
    this.gauges.show(viewsOf(chooser), members);
    this.admission.configure(config, members);
    for (const backend of members) this.showOn(chooser, backend);
    for (const backend of old?.members ?? []) this.forgetIfGone(backend);
    return chooser;
  }

  private member(config: BackendConfig): Backend {
    const backend = this.known.get(config.name) ?? new Backend(config);
    this.known.set(config.name, backend);
    backend.config = config;
    return backend;
  }

  /** One worker alone has the whole limit; of several each begins without anything, and is told what it may have. */
  private admit(backend: Backend, pool: PoolConfig): void {
    const limit = limitOf(pool, backend.config);
    if (backend.index === NOWHERE) {
      backend.gate.begin(limit);
      backend.warmth = 1;
    }
    if (this.world.workers === 1) backend.gate.lease.order(limit);
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
    this.show(backend);
    this.world.onLoad(this, backend);
  }

  private show(backend: Backend): void {
    if (backend.index !== NOWHERE) this.showOn(this.chooser, backend);
  }

  /** The one place where it is decided who can be chosen. Views are changed only where something has. */
  private showOn(chooser: Chooser, backend: Backend): void {
    const open = backend.takesNew && backend.hasRoom;
    if (chooser.request !== chooser.tunnel) showAs(chooser.request.view, backend, open);
    showAs(chooser.tunnel.view, backend, open && !this.admission.isPaced(backend));
  }

  private makeAdmission(): Admission {
    const { clock, workers, onWant, later } = this.world;
    const places = {
      config: () => this.chooser.config,
      members: () => this.chooser.members,
      isOpen: (kind: Seeker["kind"], backend?: Backend) => isOpen(this.chooser[kind].view, backend),
      take: (seeker: Seeker) => this.take(seeker),
      show: (backend: Backend) => this.show(backend),
    };
    return new Admission(places, { clock, workers, later, onWant: (backend) => onWant(this, backend) });
  }

  private take(seeker: Seeker): Backend | undefined {
    const { kind } = seeker;
    const backend = this.pick(seeker);
    if (backend === undefined) return undefined;
    this.acquire(backend);
    this.admission.taken(backend, kind);
    return backend;
  }
}

function viewsOf({ tunnel, request }: Chooser): readonly [PoolState, ...PoolState[]] {
  return request === tunnel ? [tunnel.view] : [tunnel.view, request.view];
}

function isOpen(view: PoolState, backend?: Backend): boolean {
  if (backend === undefined) return view.eligibleWeight > 0;
  return backend.index !== NOWHERE && view.isEligible(backend.index);
}

function showAs(view: PoolState, { index, load, weight }: Backend, eligible: boolean): void {
  if (view.load(index) !== load) view.setLoad(index, load);
  if (view.weight(index) !== weight) view.setWeight(index, weight);
  if (view.isEligible(index) !== eligible) view.setEligible(index, eligible);
}
