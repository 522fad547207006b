import { randomBytes } from "node:crypto";
import { setTimeout as setTimeoutPromise } from "node:timers/promises";

import { startWheel, Wheel } from "../base/index.ts";
import type { Clock, Logger, Milliseconds, Random } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import { retryAfter } from "../gateway/index.ts";
import { takesNewWork } from "../health/index.ts";
import { TurnAway } from "../listener/index.ts";
import type { Status } from "../metrics/index.ts";
import type { Questions } from "../operations/index.ts";
import { probe } from "../probes/index.ts";
import { createDriver } from "../wire/index.ts";
import type { Accepted } from "../wire/index.ts";

import { loadBinding } from "./binding.ts";
import { Crew } from "./crew.ts";
import type { Report } from "./crew.ts";
import { DRAIN_GRACE_MS } from "./drain.ts";
import { HealthBoard } from "./health-board.ts";
import { Leases } from "./leases.ts";
import { LoadBoard } from "./load-board.ts";
import type { FromWorker, LoadChange, WorkerPlan, WorkerStart } from "./messages.ts";
import { PastCounts } from "./past-counts.ts";
import { createReception } from "./reception.ts";
import type { Reception } from "./reception.ts";
import { planRoom, shareOf } from "./room.ts";
import type { Room } from "./room.ts";
import type { Seat, Spawn } from "./seat.ts";
import { Seldom } from "./seldom.ts";
import { statusOf } from "./status.ts";
import type { BoundAddress } from "./status.ts";
import { Warming } from "./warming.ts";

/** What a supervisor is given. */
export interface SupervisorWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly spawn: Spawn;
  /** Whether what it spawns are processes of their own. */
  readonly remote: boolean;
  /** Number of workers to keep alive. */
  readonly workers: number;
  /** Files that a process may open; undefined where no limit is known. */
  readonly descriptors: number | undefined;
  readonly version: string;
}

const SECRET_BYTES = 32;
const TICKET_KEY_BYTES = 48;
/** How long a worker may take to tell its counts; one that is frozen never does. */
const COUNT_TIMEOUT_MS: Milliseconds = 1_000;
/** How long workers may take to go by another configuration; one that is frozen does it once it is not. */
const CONFIGURE_TIMEOUT_MS: Milliseconds = 5_000;
/** How much longer than its drain lasts a worker may take to say so. */
const DRAINED_TIMEOUT_MS: Milliseconds = 2_000;
/** Least time between two log lines about connections that could not be accepted. */
const ACCEPT_FAILURE_INTERVAL_MS: Milliseconds = 1_000;

/** Keeps the one truth that the workers of an instance share: configuration, loads, health, secrets, addresses. */
export class Supervisor {
  state: Status["state"] = "starting";

  private current: Config;
  private plannedRoom: Room;
  private revision = 0;
  private readonly world: SupervisorWorld;
  private readonly wheel: Wheel;
  private readonly stopWheel: () => void;
  private readonly randomSecret = randomBytes(SECRET_BYTES).toString("base64url");
  private readonly ticketKeys = randomBytes(TICKET_KEY_BYTES).toString("base64");
  private readonly started: number;
  private readonly loads = new LoadBoard();
  private readonly leases: Leases;
  private readonly warming: Warming;
  private readonly health: HealthBoard;
  private readonly past = new PastCounts();
  private readonly crew: Crew;
  private readonly reception: Reception;
  private readonly turnAway: TurnAway;
  private readonly notTaken: Seldom;
  private refusedConnections = 0;
  private draining: Promise<boolean> | undefined;

  constructor(config: Config, world: SupervisorWorld) {
    this.current = config;
    this.world = world;
    this.started = world.clock.wall();
    this.wheel = new Wheel(world.clock, undefined, (error) =>
      world.logger.error({ err: error }, "a timer failed unexpectedly"),
    );
    this.stopWheel = startWheel(this.wheel);
    this.plannedRoom = this.planRoom(config);
    this.turnAway = new TurnAway(this.room.turnedAway);
    this.notTaken = new Seldom(world.clock, ACCEPT_FAILURE_INTERVAL_MS, (times, reason) => {
      world.logger.warn({ times, reason }, "connections cannot be accepted");
    });
    const pools = Object.values(config.pools);
    this.warming = new Warming(pools, {
      ...world,
      wheel: this.wheel,
      tell: (warmth) => this.crew.tell({ type: "warm", warmth }),
    });
    this.health = new HealthBoard(pools, {
      ...world,
      wheel: this.wheel,
      probe,
      onNotice: (notice) => {
        this.warming.noticed(notice); // first: who is well again gets nothing before all know how little
        this.crew.tell({ type: "health", notice });
      },
    });
    this.crew = new Crew({
      ...world,
      startFor: (seat) => this.startFor(seat),
      drainTime: () => this.config.drain,
      heard: (seat, message) => this.hear(seat, message),
      arrived: (seat) => this.workerArrived(seat),
      left: (seat) => this.workerLeft(seat),
    });
    this.leases = new Leases(pools, { ...world, loads: this.loads, seats: this.crew.seats });
    this.reception = this.makeReception();
  }

  get config(): Config {
    return this.current;
  }

  get room(): Room {
    return this.plannedRoom;
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
      (await this.reception.open(this.config.listeners)).commit();
      await this.crew.start();
      await this.reception.standing();
      this.state = "running";
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  /** Whether new clients are served. */
  ready(): boolean {
    return this.state === "running" && this.crew.ready.some((seat) => !seat.leaving);
  }

  /**
   * Puts another configuration in the place of this one: at once in each worker, and nothing that is open notices. What
   * is known of backends and workers lives on. The caller has judged it; options that need a restart are as they were.
   *
   * @throws FairleadError LISTEN_FAILED; nothing has changed then
   */
  async reconfigure(config: Config): Promise<void> {
    const opened = await this.reception.open(config.listeners);
    this.current = config;
    const pools = Object.values(config.pools);
    this.health.update(pools);
    this.warming.update(pools);
    await this.tellPlan();
    opened.commit();
    this.plannedRoom = this.planRoom(config);
    for (let place = 0; place < this.world.workers; place += 1) this.shareAnew(place);
  }

  async status(): Promise<Status> {
    const seats = this.crew.ready;
    const late = setTimeoutPromise(COUNT_TIMEOUT_MS, undefined, { ref: false });
    await Promise.all(seats.map((seat) => Promise.race([seat.count(), late])));
    const { version } = this.world;
    return statusOf({
      version,
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
      refusedConnections: this.refusedConnections,
      health: this.health,
      wallOf: (monotonic) => this.world.clock.wall() - (this.world.clock.now() - monotonic),
    });
  }

  /**
   * Asks every worker that serves.
   *
   * @param askFor what to ask the worker of that number
   * @returns the answers; who is gone or frozen gives none
   */
  async ask<About extends keyof Questions>(
    about: About,
    askFor: (worker: number) => Questions[About]["ask"],
  ): Promise<{ readonly worker: number; readonly answer: Questions[About]["answer"] }[]> {
    const late = setTimeoutPromise(COUNT_TIMEOUT_MS, undefined, { ref: false });
    const answers = await Promise.all(
      this.crew.ready.map(async (seat) => {
        const answer = await Promise.race([seat.ask(about, askFor(seat.id)), late]);
        return { worker: seat.id, answer };
      }),
    );
    return answers.flatMap(({ worker, answer }) => (answer === undefined ? [] : [{ worker, answer }]));
  }

  /** Whether a backend is well enough for new work. */
  isHealthy(pool: string, backend: string): boolean {
    const state = this.health.stateOf(pool, backend);
    return state !== undefined && takesNewWork(state);
  }

  /** From now on no affinity leads to these backends of a pool. */
  shed(pool: string, backends: readonly string[]): void {
    this.crew.tell({ type: "shed", pool, backends });
  }

  /**
   * Takes nothing new, ends every tunnel within `over` milliseconds, then the workers. Again, it gives the same promise.
   *
   * @returns whether all of it ended by itself
   */
  drain(over: Milliseconds): Promise<boolean> {
    this.draining ??= this.drainAll(over);
    return this.draining;
  }

  /** Ends everything at once. */
  kill(): void {
    if (this.crew.seats.size > 0 && this.state !== "starting") this.crew.clean = false;
    this.crew.kill();
    this.finish();
  }

  private async drainAll(over: Milliseconds): Promise<boolean> {
    if (this.state === "stopped") return this.crew.clean;
    this.state = "draining";
    this.reception.close();
    const late = setTimeout(() => this.kill(), over + DRAIN_GRACE_MS + DRAINED_TIMEOUT_MS);
    await this.crew.drain(over);
    clearTimeout(late);
    this.finish();
    return this.crew.clean;
  }

  private finish(): void {
    this.state = "stopped";
    this.reception.close();
    this.turnAway.stop();
    this.health.stop();
    this.stopWheel();
  }

  private makeReception(): Reception {
    const { clock, remote } = this.world;
    return createReception(
      {
        clock,
        seats: this.crew.seats,
        driver: createDriver(this.config.socketDriver, loadBinding),
        waitingMax: this.room.waiting,
        failed: (error) => this.notTaken.note(error.message),
        refused: (listener, accepted) => this.refuse(listener, accepted),
      },
      remote,
    );
  }

  /** There is no place even for waiting: workers take too little, or this process may open too few files. */
  private refuse(name: string, accepted: Accepted): void {
    this.refusedConnections += 1;
    this.notTaken.note("too many wait for a worker");
    const listener = this.config.listeners.find((one) => one.name === name);
    if (listener !== undefined) this.turnAway.refuse(accepted, listener, retryAfter(this.world.random));
  }

  private planRoom({ limits, listeners }: Config): Room {
    return planRoom(limits.maxTunnels, this.world.workers, this.world.descriptors, listeners.length);
  }

  private startFor(seat: Seat): WorkerStart {
    const { worker, turnedAway } = this.room;
    this.loads.addWorker(seat.id);
    return {
      ...this.planFor(seat),
      ticketKeys: this.ticketKeys,
      workerId: seat.id,
      workers: this.world.workers,
      leases: this.leases.join(seat.id),
      room: { connections: worker.connections, tunnels: this.shareOf(seat.id, seat.place), turnedAway },
    };
  }

  private planFor({ id }: Seat): WorkerPlan {
    return {
      config: this.config,
      secret: this.config.secret ?? this.randomSecret,
      health: this.health.notices(),
      others: this.loads.allOthers(id),
      warm: this.warming.warmths(),
    };
  }

  /** Resolves when all workers go by the configuration, or as good as. */
  private async tellPlan(): Promise<void> {
    this.revision += 1;
    const { revision } = this;
    const late = setTimeoutPromise(CONFIGURE_TIMEOUT_MS, undefined, { ref: false });
    const told = [...this.crew.seats.values()].map((seat) =>
      Promise.race([seat.configure(revision, this.planFor(seat)), late]),
    );
    this.leases.update(Object.values(this.config.pools)); // behind the plan, which brings the backends
    await Promise.all(told);
  }

  /** What a worker may have beside those in its place that are older and have not gone yet. */
  private shareOf(id: number, place: number): number {
    let held = 0;
    for (const seat of this.crew.seats.values()) if (seat.place === place && seat.id < id) held += seat.connectionsMax;
    return shareOf(this.room, place, held);
  }

  /** What older workers in this place have held until now others may have. */
  private shareAnew(place: number): void {
    for (const seat of this.crew.seats.values()) if (seat.place === place) seat.allow(this.shareOf(seat.id, place));
  }

  private hear(seat: Seat, message: Report): void {
    if (message.type === "taken") this.taken(seat, message.connections);
    else if (message.type === "passed") this.passed(seat, message);
    else if (message.type === "load") this.takeLoads(seat, message.changes, message.connections);
    else if (message.type === "signal") this.health.observe(message.pool, message.backend, message.signal);
    else if (message.type === "want" || message.type === "leased") this.leases.hear(seat.id, message);
    else if (message.type === "answer") seat.answered(message.request, message.answer);
    else if (message.type === "counts") seat.counted(message.request, message.counts);
    else seat.configured(message.revision);
  }

  private taken(seat: Seat, connections: number): void {
    seat.connections = connections;
    seat.isTaking = false;
    this.reception.wake();
  }

  private passed(seat: Seat, { listener, turn, connections, error }: FromWorker & { type: "passed" }): void {
    seat.connections = connections;
    seat.turns -= 1;
    if (seat.leaving) this.shareAnew(seat.place);
    if (error !== undefined) this.notTaken.note(error.message);
    const cause = error === undefined ? undefined : Object.assign(new Error(error.message), { code: error.code });
    this.reception.passed(seat, listener, turn, cause);
  }

  private takeLoads(from: Seat, changes: readonly LoadChange[], connections: number): void {
    // What has been given to the worker may not have reached it yet.
    if (!from.isTaking) from.connections = connections;
    if (from.leaving) this.shareAnew(from.place);
    for (const change of changes) this.loads.set(from.id, change);
    this.leases.used(from.id, changes);
    this.tellLoads(from.id, changes);
  }

  private tellLoads(from: number, changes: readonly LoadChange[]): void {
    for (const [pool, backend] of changes) {
      for (const seat of this.crew.seats.values()) {
        if (seat.id !== from) seat.loads.change(pool, backend, this.loads.others(seat.id, pool, backend));
      }
    }
  }

  private workerArrived(seat: Seat): void {
    // Until now the one that it replaces went on getting connections.
    this.shareAnew(seat.place);
    this.reception.wake();
  }

  private workerLeft(seat: Seat): void {
    this.reception.leave(seat);
    if (seat.counts !== undefined) this.past.add(seat.counts);
    this.tellLoads(seat.id, this.loads.removeWorker(seat.id));
    this.leases.leave(seat.id);
    this.shareAnew(seat.place);
  }
}
