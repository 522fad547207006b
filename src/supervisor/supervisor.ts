import { setTimeout as setTimeoutPromise } from "node:timers/promises";

import { FairleadError, startWheel, Wheel } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import type { InstanceReading, Status, WorkerCounts } from "../metrics/index.ts";
import type { Questions, TellEvent } from "../operations/index.ts";
import { createDriver } from "../wire/index.ts";

import { loadBinding } from "./binding.ts";
import { Care } from "./care.ts";
import { Crew } from "./crew.ts";
import type { Report } from "./crew.ts";
import { DRAIN_GRACE_MS } from "./drain.ts";
import type { KnownBackend } from "./known.ts";
import { Leases } from "./leases.ts";
import { LoadExchange } from "./load-exchange.ts";
import type { FromWorker, LoadChange, WorkerPlan, WorkerStart } from "./messages.ts";
import { PastCounts } from "./past-counts.ts";
import { Overflow } from "./overflow.ts";
import { createReception } from "./reception.ts";
import { Observatory } from "./observatory.ts";
import type { Reception } from "./reception.ts";
import { planRoom } from "./room.ts";
import type { Room } from "./room.ts";
import type { Seat } from "./seat.ts";
import { Shares } from "./shares.ts";
import { statusOf } from "./status.ts";
import type { BoundAddress } from "./status.ts";
import { makeLegacy } from "./succession.ts";
import type { Legacy } from "./succession.ts";
import type { SupervisorWorld } from "./supervisor-world.ts";

/** How long what came before a drain may take to be given to workers, and to be served by them as if nothing had happened. */
const SETTLE_TIMEOUT_MS: Milliseconds = 2_000;
/** How much longer than its drain lasts a worker may take to say so. */
const DRAINED_TIMEOUT_MS: Milliseconds = 2_000;

/** Keeps the one truth that the workers of an instance share: configuration, loads, health, secrets, addresses. */
export class Supervisor {
  state: Status["state"] = "starting";
  /** What a process that replaces this one goes on using. */
  readonly legacy: Legacy;
  readonly loads: LoadExchange;
  /** Metrics, and what was in the last hour. */
  readonly observatory: Observatory;
  /** Told of what operators may want to know. */
  onEvent: TellEvent = () => {};
  /** What moves have done, for the metrics. */
  tallies: () => Partial<InstanceReading> = () => ({});

  private current: Config;
  private revision = 0;
  private readonly world: SupervisorWorld;
  private readonly wheel: Wheel;
  private readonly stopWheel: () => void;
  /** The same moment by the calendar and by the clock. */
  private readonly started: number;
  private readonly startedAt: Milliseconds;
  private readonly shares: Shares;
  private readonly leases: Leases;
  private readonly care: Care;
  private readonly past = new PastCounts();
  private readonly crew: Crew;
  private readonly reception: Reception;
  private readonly overflow: Overflow;
  private left = false;
  private draining: Promise<boolean> | undefined;

  constructor(config: Config, world: SupervisorWorld) {
    this.current = config;
    this.world = world;
    this.started = world.clock.wall();
    this.startedAt = world.clock.now();
    this.legacy = makeLegacy(config.secret, world.legacy);
    this.wheel = new Wheel(world.clock, undefined, (error) =>
      world.logger.error({ err: error }, "a timer failed unexpectedly"),
    );
    this.stopWheel = startWheel(this.wheel);
    const room = this.planRoom(config);
    this.overflow = new Overflow(room.turnedAway, world);
    const pools = Object.values(config.pools);
    this.care = new Care(pools, {
      ...world,
      wheel: this.wheel,
      tellWorkers: (message) => this.crew.tell(message),
      tell: (...event) => this.onEvent(...event),
      onReportedLoad: (...report) => this.loads.gauges.report(...report),
    });
    this.crew = new Crew({
      ...world,
      startFor: (seat) => this.startFor(seat),
      drainTime: () => this.config.drain,
      heard: (seat, message) => this.hear(seat, message),
      arrived: (seat) => this.workerArrived(seat),
      left: (seat) => this.workerLeft(seat),
      crashed: (seat, how) => this.workerCrashed(seat, how),
    });
    this.shares = new Shares(room, this.crew.seats);
    this.loads = new LoadExchange(this.crew.seats);
    this.leases = new Leases(pools, { ...world, loads: this.loads, seats: this.crew.seats });
    this.reception = this.makeReception();
    this.observatory = new Observatory({
      ...world,
      seats: this.crew.seats,
      past: this.past,
      tell: (...event) => this.onEvent(...event),
      status: () => this.status(),
      instance: () => ({ revision: this.revision, ...this.tallies() }),
    });
    this.inherit(world.known ?? []);
  }

  get config(): Config {
    return this.current;
  }

  get room(): Room {
    return this.shares.room;
  }

  /** Where it listens, in the order of the configuration. */
  get addresses(): readonly BoundAddress[] {
    return this.reception.addresses;
  }

  /**
   * Begins to listen and starts the workers; resolves when all of them are ready.
   *
   * @throws FairleadError LISTEN_FAILED, TLS_FILES or WORKER_FAILED; nothing is left running then
   */
  async open(): Promise<void> {
    try {
      const opened = await this.reception.open(this.config.listeners);
      await this.crew.start();
      await opened.commit();
      await this.reception.standing();
      this.state = "running";
      this.observatory.start();
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  /** Whether new clients are served. */
  ready(): boolean {
    return this.state === "running" && !this.left && this.crew.ready.some((seat) => !seat.leaving);
  }

  /** From now on it says that it is not ready, though it goes on as before. */
  leave(): void {
    this.left = true;
  }

  /** What another process needs in order to accept where this one does; see {@link Reception}. */
  descriptors(): ReadonlyMap<string, number> {
    return this.reception.descriptors();
  }

  /**
   * Puts another configuration in the place of this one: at once in each worker, and nothing that is open notices. What
   * is known of backends and workers lives on. The caller has judged it; options that need a restart are as they were.
   *
   * @throws FairleadError LISTEN_FAILED, CONFLICT while it ends; nothing has changed then
   */
  async reconfigure(config: Config): Promise<void> {
    if (this.state !== "running")
      throw new FairleadError("CONFLICT", `This instance is ${this.state}, and goes by what it has until it ends.`);
    const opened = await this.reception.open(config.listeners);
    this.current = config;
    const pools = Object.values(config.pools);
    this.care.update(pools);
    // Before workers let go of them: nobody is to get a turn at them any more.
    opened.leave();
    this.revision += 1;
    const configured = this.crew.configure(this.revision, (seat) => this.planFor(seat));
    // Right behind the plan, which brings the backends.
    this.leases.update(pools);
    await configured;
    await opened.commit();
    // Where a worker cannot accept, that is told as ever.
    const late = setTimeoutPromise(SETTLE_TIMEOUT_MS, undefined, { ref: false });
    await Promise.race([this.reception.standing().catch(() => {}), late]);
    this.shares.change(this.planRoom(config));
  }

  async status(): Promise<Status> {
    const seats = this.crew.ready;
    await this.crew.count();
    return statusOf({
      version: this.world.version,
      state: this.state,
      startedWall: this.started,
      config: this.config,
      addresses: this.addresses,
      // What has ended meanwhile is past; of what is late, the last that it told counts.
      workers: seats
        .filter(({ id }) => this.crew.seats.has(id))
        .map(({ id, share, handle: { pid }, counts }) => ({ id, share, pid, counts })),
      past: this.past,
      room: this.room,
      refusedConnections: this.overflow.refused,
      care: this.care,
      flows: this.observatory.flows,
      // By one offset for good: a moment is the same each time it is told.
      wallOf: (monotonic) => this.started + monotonic - this.startedAt,
      now: this.world.clock.now(),
    });
  }

  /** Asks every worker that serves; see {@link Crew.ask}. */
  ask<About extends keyof Questions>(
    about: About,
    askFor: (worker: number) => Questions[About]["ask"],
  ): Promise<{ readonly worker: number; readonly answer: Questions[About]["answer"] | undefined }[]> {
    return this.crew.ask(about, askFor);
  }

  /** Whether a worker answers, as a sign of life for whoever watches over this process. */
  answers(): Promise<boolean> {
    return this.crew.count();
  }

  /** Whether a backend is well enough for new work. */
  isHealthy(pool: string, backend: string): boolean {
    return this.care.health.isHealthy(pool, backend);
  }

  /** What a process that replaces this one is to know of backends; what is measured as workers last told it. */
  known(): KnownBackend[] {
    return this.care.known(Object.values(this.config.pools), this.counted());
  }

  /** Goes on from what the process before knew of backends, where this one has not learnt anything itself. */
  inherit(known: readonly KnownBackend[]): void {
    this.care.inherit(known);
  }

  /** From now on no affinity leads to these backends of a pool. */
  shed(pool: string, backends: readonly string[]): void {
    this.crew.tell({ type: "shed", pool, backends });
  }

  /**
   * Takes nothing new, ends every tunnel within `over` milliseconds, then the workers. Again, it gives the same promise.
   *
   * @param settle whether it first serves whom it has accepted: another process accepts from now on, and nobody is refused
   * @returns whether all of it ended by itself
   */
  drain(over: Milliseconds, settle = false): Promise<boolean> {
    this.draining ??= this.drainAll(over, settle);
    return this.draining;
  }

  /** Ends everything at once. */
  kill(): void {
    if (this.crew.seats.size > 0 && this.state !== "starting") this.crew.clean = false;
    this.crew.kill();
    this.finish();
  }

  private async drainAll(over: Milliseconds, settle: boolean): Promise<boolean> {
    if (this.state === "stopped") return this.crew.clean;
    this.state = "draining";
    const settling = settle ? 2 * SETTLE_TIMEOUT_MS : 0;
    const late = setTimeout(() => this.kill(), settling + over + DRAIN_GRACE_MS + DRAINED_TIMEOUT_MS);
    const settled = setTimeoutPromise(SETTLE_TIMEOUT_MS, undefined, { ref: false });
    if (settle) await Promise.race([this.reception.settle(), settled]);
    this.reception.close();
    await this.crew.drain(over, settle);
    clearTimeout(late);
    this.finish();
    return this.crew.clean;
  }

  private finish(): void {
    this.state = "stopped";
    this.reception.close();
    this.overflow.stop();
    this.care.stop();
    this.observatory.stop();
    this.stopWheel();
  }

  private makeReception(): Reception {
    const { clock, remote } = this.world;
    return createReception(
      {
        clock,
        seats: this.crew.seats,
        driver: createDriver(this.config.socketDriver, loadBinding),
        inherited: this.world.inherited ?? new Map(),
        waitingMax: this.room.waiting,
        failed: (error) => this.overflow.failed(error),
        refused: (name, accepted) =>
          this.overflow.refuse(
            this.config.listeners.find((one) => one.name === name),
            accepted,
          ),
      },
      remote,
    );
  }

  private planRoom({ limits, listeners }: Config): Room {
    return planRoom(limits.maxTunnels, this.world.workers, this.world.descriptors, listeners.length);
  }

  private startFor(seat: Seat): WorkerStart {
    const { worker, turnedAway } = this.room;
    this.loads.join(seat.id);
    return {
      ...this.planFor(seat),
      ticketKeys: this.legacy.ticketKeys,
      workerId: seat.id,
      workers: this.world.workers,
      leases: this.leases.join(seat.id),
      gauges: this.care.gaugeStarts(this.counted()),
      room: { connections: worker.connections, tunnels: this.shares.of(seat), turnedAway },
    };
  }

  private counted(): (WorkerCounts | undefined)[] {
    return [...this.crew.seats.values()].map(({ counts }) => counts);
  }

  private planFor({ id }: Seat): WorkerPlan {
    return {
      config: this.config,
      secret: this.config.secret ?? this.legacy.secret,
      health: this.care.health.notices(),
      others: this.loads.allOthers(id),
      warm: this.care.warming.warmths(),
    };
  }

  private hear(seat: Seat, message: Report): void {
    if (message.type === "taken") this.taken(seat, message.connections);
    else if (message.type === "passed") this.passed(seat, message);
    else if (message.type === "load") this.takeLoads(seat, message.changes, message.connections);
    else if (message.type === "gauges") this.loads.gauges.take(seat.id, message.readings);
    else if (message.type === "signal") this.care.health.observe(message.pool, message.backend, message.signal);
    else if (message.type === "vitals") this.care.health.takeVitals(message.vitals);
    else if (message.type === "want" || message.type === "leased") this.leases.hear(seat.id, message);
    else if (message.type === "answer") seat.answered(message.request, message.answer);
    else if (message.type === "counts") seat.counted(message.request, message.counts);
    else if (message.type === "pong") seat.ponged(message.request, message.connections);
    else seat.configured(message.revision, message.connections);
  }

  private taken(seat: Seat, connections: number): void {
    seat.connections = connections;
    seat.isTaking = false;
    this.reception.wake();
  }

  private passed(seat: Seat, { listener, turn, connections, error }: FromWorker & { type: "passed" }): void {
    seat.connections = connections;
    seat.turns -= 1;
    if (seat.leaving) this.shares.anew(seat.place);
    if (error !== undefined) this.overflow.failed(error);
    const cause = error === undefined ? undefined : Object.assign(new Error(error.message), { code: error.code });
    this.reception.passed(seat, listener, turn, cause);
  }

  private takeLoads(from: Seat, changes: readonly LoadChange[], connections: number): void {
    from.tellConnections(connections);
    if (from.leaving) this.shares.anew(from.place);
    this.loads.take(from.id, changes);
    this.leases.used(from.id, changes);
  }

  private workerArrived(seat: Seat): void {
    // Until now the one that it replaces went on getting connections.
    this.shares.anew(seat.place);
    this.reception.wake();
    const { id: worker, handle } = seat;
    this.onEvent("worker-started", `worker ${worker} serves`, { worker, pid: handle.pid });
  }

  private workerCrashed({ id, handle: { pid } }: Seat, how: string): void {
    this.observatory.workerRestarted();
    this.onEvent("worker-ended", `worker ${id} ended unexpectedly (${how}); its tunnels are lost`, { worker: id, pid });
  }

  private workerLeft(seat: Seat): void {
    this.reception.leave(seat);
    if (seat.counts !== undefined) this.past.add(seat.counts);
    this.loads.leave(seat.id);
    this.leases.leave(seat.id);
    this.shares.anew(seat.place);
  }
}
