import { randomBytes } from "node:crypto";
import { setTimeout as setTimeoutPromise } from "node:timers/promises";

import { FairleadError, startWheel, Wheel } from "../base/index.ts";
import type { Clock, Logger, Milliseconds, Random } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import { retryAfter } from "../gateway/index.ts";
import { TurnAway } from "../listener/index.ts";
import type { Status } from "../metrics/index.ts";
import { probe } from "../probes/index.ts";
import { createDriver } from "../wire/index.ts";
import type { Accepted } from "../wire/index.ts";

import { loadBinding } from "./binding.ts";
import { DRAIN_GRACE_MS } from "./drain.ts";
import { HealthBoard } from "./health-board.ts";
import { LoadBoard } from "./load-board.ts";
import type { FromWorker, HealthNotice, LoadChange, WorkerStart } from "./messages.ts";
import { PastCounts } from "./past-counts.ts";
import { Observatory } from "./observatory.ts";
import { openReception } from "./reception.ts";
import type { Reception } from "./reception.ts";
import { planRoom, shareOf } from "./room.ts";
import type { Room } from "./room.ts";
import { Seat } from "./seat.ts";
import type { Spawn } from "./seat.ts";
import { Seldom } from "./seldom.ts";
import { statusOf } from "./status.ts";
import type { BoundAddress } from "./status.ts";

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
/** A worker that ends within this time of its start is replaced only after as long: something is wrong with all of them. */
const RESTART_INTERVAL_MIN_MS: Milliseconds = 1_000;
/** How long a worker may take to tell its counts; one that is frozen never does. */
const COUNT_TIMEOUT_MS: Milliseconds = 1_000;
/** How much longer than its drain lasts a worker may take to say so. */
const DRAINED_TIMEOUT_MS: Milliseconds = 2_000;
/** Least time between two log lines about connections that could not be accepted. */
const ACCEPT_FAILURE_INTERVAL_MS: Milliseconds = 1_000;

/** Keeps the workers of one instance, and the one truth that they share: loads, health, secrets, addresses. */
export class Supervisor {
  state: Status["state"] = "starting";
  readonly room: Room;
  /** Metrics, and what was in the last hour. */
  readonly observatory: Observatory;

  private readonly config: Config;
  private readonly world: SupervisorWorld;
  private readonly wheel: Wheel;
  private readonly stopWheel: () => void;
  private readonly secret: string;
  private readonly ticketKeys = randomBytes(TICKET_KEY_BYTES).toString("base64");
  private readonly started: number;
  private readonly loads: LoadBoard;
  private readonly health: HealthBoard;
  private readonly past = new PastCounts();
  private readonly seats = new Map<number, Seat>();
  private reception: Reception | undefined;
  private readonly turnAway: TurnAway;
  private readonly notTaken: Seldom;
  private refusedConnections = 0;
  private lastId = 0;
  private clean = true;
  private opening: { resolve(): void; reject(error: FairleadError): void } | undefined;
  private draining: Promise<boolean> | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(config: Config, world: SupervisorWorld) {
    this.config = config;
    this.world = world;
    this.started = world.clock.wall();
    this.secret = config.secret ?? randomBytes(SECRET_BYTES).toString("base64url");
    this.wheel = new Wheel(world.clock, undefined, (error) =>
      world.logger.error({ err: error }, "a timer failed unexpectedly"),
    );
    this.stopWheel = startWheel(this.wheel);
    const pools = Object.values(config.pools);
    this.loads = new LoadBoard(pools);
    this.room = planRoom(config.limits.maxTunnels, world.workers, world.descriptors, config.listeners.length);
    this.turnAway = new TurnAway(this.room.turnedAway);
    this.notTaken = new Seldom(world.clock, ACCEPT_FAILURE_INTERVAL_MS, (times, reason) => {
      world.logger.warn({ times, reason }, "connections cannot be accepted");
    });
    const { clock, remote } = world;
    const { seats, past } = this;
    this.observatory = new Observatory({
      clock,
      remote,
      seats,
      past,
      status: () => this.status(),
      instance: () => ({}),
    });
    this.health = new HealthBoard(pools, {
      ...world,
      wheel: this.wheel,
      probe,
      onNotice: (notice) => this.tellHealth(notice),
    });
  }

  /** Where it listens, in the order of the configuration. */
  get addresses(): readonly BoundAddress[] {
    return this.reception?.addresses ?? [];
  }

  /**
   * Begins to listen and starts the workers; resolves when all of them are ready.
   *
   * @throws FairleadError LISTEN_FAILED, TLS_FILES or WORKER_FAILED; nothing is left running then
   */
  async open(): Promise<void> {
    try {
      this.reception = await this.openReception();
      await this.startWorkers();
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
    return this.state === "running" && [...this.seats.values()].some((seat) => seat.ready && !seat.leaving);
  }

  async status(): Promise<Status> {
    const seats = [...this.seats.values()].filter((seat) => seat.ready);
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
        .filter(({ id }) => this.seats.has(id))
        .map(({ id, share, handle: { pid }, counts }) => ({ id, share, pid, counts })),
      past: this.past,
      room: this.room,
      refusedConnections: this.refusedConnections,
      health: this.health,
      wallOf: (monotonic) => this.world.clock.wall() - (this.world.clock.now() - monotonic),
    });
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
    if (this.seats.size > 0 && this.state !== "starting") this.clean = false;
    for (const seat of this.seats.values()) seat.handle.kill();
    this.finish();
  }

  private async drainAll(over: Milliseconds): Promise<boolean> {
    if (this.state === "stopped") return this.clean;
    this.state = "draining";
    this.reception?.close();
    const empty = new Promise<void>((resolve) => {
      this.onEmpty = resolve;
    });
    for (const seat of this.seats.values()) seat.drain(over, false);
    this.checkEmpty();
    const late = setTimeout(() => this.kill(), over + DRAIN_GRACE_MS + DRAINED_TIMEOUT_MS);
    await empty;
    clearTimeout(late);
    this.finish();
    return this.clean;
  }

  private finish(): void {
    this.state = "stopped";
    this.reception?.close();
    this.turnAway.stop();
    this.health.stop();
    this.observatory.stop();
    this.stopWheel();
  }

  private openReception(): Promise<Reception> {
    const { clock, remote } = this.world;
    const driver = createDriver(this.config.socketDriver, loadBinding);
    const waitingMax = this.room.waiting;
    const failed = (error: Error): void => this.notTaken.note(error.message);
    const refused = (listener: number, accepted: Accepted): void => this.refuse(listener, accepted);
    const world = { clock, seats: this.seats, driver, waitingMax, failed, refused };
    return openReception(this.config, world, remote);
  }

  /** There is no place even for waiting: workers take too little, or this process may open too few files. */
  private refuse(index: number, accepted: Accepted): void {
    this.refusedConnections += 1;
    this.notTaken.note("too many wait for a worker");
    const listener = this.config.listeners[index];
    if (listener !== undefined) this.turnAway.refuse(accepted, listener, retryAfter(this.world.random));
  }

  private async startWorkers(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opening = { resolve, reject };
    try {
      for (let place = 0; place < this.world.workers; place += 1) this.seatWorker(place);
      await promise;
    } finally {
      this.opening = undefined;
    }
  }

  private seatWorker(place: number): void {
    this.lastId += 1;
    const id = this.lastId;
    const handle = this.world.spawn(
      (message) => this.receive(id, message),
      (how) => this.workerGone(id, how),
    );
    const seat = new Seat(id, place, handle, this.world.clock.now());
    this.seats.set(id, seat);
    this.loads.addWorker(id);
    seat.start(this.startFor(seat));
  }

  private startFor({ id: workerId, place }: Seat): WorkerStart {
    const { worker, turnedAway } = this.room;
    return {
      config: this.config,
      secret: this.secret,
      ticketKeys: this.ticketKeys,
      workerId,
      shared: this.world.workers > 1,
      health: this.health.notices(),
      others: this.loads.allOthers(workerId),
      room: { connections: worker.connections, tunnels: this.shareOf(workerId, place), turnedAway },
    };
  }

  /** What a worker may have beside those in its place that are older and have not gone yet. */
  private shareOf(id: number, place: number): number {
    let held = 0;
    for (const seat of this.seats.values()) if (seat.place === place && seat.id < id) held += seat.connectionsMax;
    return shareOf(this.room, place, held);
  }

  /** What older workers in this place have held until now others may have. */
  private shareAnew(place: number): void {
    for (const seat of this.seats.values()) if (seat.place === place) seat.allow(this.shareOf(seat.id, place));
  }

  private receive(id: number, message: FromWorker): void {
    const seat = this.seats.get(id);
    if (seat === undefined) return;
    if (message.type === "taken") this.taken(seat, message.connections);
    else if (message.type === "passed") this.passed(seat, message);
    else if (message.type === "load") this.takeLoads(seat, message.changes, message.connections);
    else if (message.type === "signal") this.health.observe(message.pool, message.index, message.signal);
    else if (message.type === "counts") seat.counted(message.request, message.counts);
    else if (message.type === "ready") this.workerReady(seat);
    else if (message.type === "failed") this.workerFailed(seat, new FairleadError(message.code, message.message));
    else if (message.type === "leaving") this.replace(seat);
    else this.workerDrained(seat, message);
  }

  private taken(seat: Seat, connections: number): void {
    seat.connections = connections;
    seat.isTaking = false;
    this.reception?.wake();
  }

  private passed(seat: Seat, { listener, turn, connections, error }: FromWorker & { type: "passed" }): void {
    seat.connections = connections;
    seat.turns -= 1;
    if (seat.leaving) this.shareAnew(seat.place);
    if (error !== undefined) this.notTaken.note(error.message);
    const cause = error === undefined ? undefined : Object.assign(new Error(error.message), { code: error.code });
    this.reception?.passed(seat, listener, turn, cause);
  }

  private takeLoads(from: Seat, changes: readonly LoadChange[], connections: number): void {
    // What has been given to the worker may not have reached it yet.
    if (!from.isTaking) from.connections = connections;
    if (from.leaving) this.shareAnew(from.place);
    for (const change of changes) this.loads.set(from.id, change);
    this.tellLoads(from.id, changes);
  }

  private tellLoads(from: number, changes: readonly LoadChange[]): void {
    for (const [pool, index] of changes) {
      for (const seat of this.seats.values()) {
        if (seat.id !== from) seat.loads.change(pool, index, this.loads.others(seat.id, pool, index));
      }
    }
  }

  private tellHealth(notice: HealthNotice): void {
    for (const seat of this.seats.values()) seat.handle.send({ type: "health", notice });
  }

  private workerReady(seat: Seat): void {
    seat.ready = true;
    // Until now the one that it replaces went on getting connections.
    this.shareAnew(seat.place);
    this.reception?.wake();
    const all = [...this.seats.values()];
    if (all.length >= this.world.workers && all.every((one) => one.ready)) this.opening?.resolve();
    // A worker that has been asked to go does so once its successor serves.
    for (const one of all) if (one.replacedBy === seat.id) one.drain(this.config.drain, true);
  }

  private workerFailed(seat: Seat, error: FairleadError): void {
    if (this.opening === undefined) this.world.logger.error({ worker: seat.id, code: error.code }, error.message);
    this.opening?.reject(error);
    seat.handle.kill();
  }

  private replace(seat: Seat): void {
    if (this.state !== "running" || seat.leaving || seat.replacedBy !== undefined) return;
    this.world.logger.info({ worker: seat.id, pid: seat.handle.pid }, "worker leaves and is replaced");
    this.seatWorker(seat.place);
    seat.replacedBy = this.lastId;
  }

  private workerDrained(seat: Seat, { clean, counts }: FromWorker & { type: "drained" }): void {
    this.clean &&= clean;
    seat.counts = counts;
    seat.leaving = true;
    seat.handle.kill();
  }

  private workerGone(id: number, how: string): void {
    const seat = this.seats.get(id);
    if (seat === undefined) return;
    this.seats.delete(id);
    seat.gone();
    this.reception?.leave(seat);
    if (seat.counts !== undefined) this.past.add(seat.counts);
    this.tellLoads(id, this.loads.removeWorker(id));
    this.shareAnew(seat.place);
    this.opening?.reject(new FairleadError("WORKER_FAILED", `worker ${id} ended before it was ready (${how})`));
    const successor = seat.replacedBy !== undefined && this.seats.has(seat.replacedBy);
    if (this.state === "running" && !seat.leaving && !successor) this.restart(seat, how);
    this.checkEmpty();
  }

  private restart(seat: Seat, how: string): void {
    const { logger, clock } = this.world;
    const fields = { worker: seat.id, pid: seat.handle.pid, reason: how };
    logger.error(fields, "worker ended unexpectedly and is replaced; its tunnels are lost");
    this.observatory.workerRestarted();
    const lived = clock.now() - seat.begun;
    const wait = lived < RESTART_INTERVAL_MIN_MS ? RESTART_INTERVAL_MIN_MS : 0;
    if (wait === 0) this.seatInstead(seat);
    else setTimeout(() => this.state === "running" && this.seatInstead(seat), wait).unref();
  }

  /** Whoever waits for the worker that has ended now waits for the new one. */
  private seatInstead(ended: Seat): void {
    this.seatWorker(ended.place);
    for (const one of this.seats.values()) if (one.replacedBy === ended.id) one.replacedBy = this.lastId;
  }

  private checkEmpty(): void {
    if (this.seats.size === 0) this.onEmpty?.();
  }
}
