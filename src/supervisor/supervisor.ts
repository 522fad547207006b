import { randomBytes } from "node:crypto";

import { FairleadError, startWheel, Wheel } from "../base/index.ts";
import type { Clock, Logger, Milliseconds, Random } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import type { Status } from "../metrics/index.ts";

import { HealthBoard } from "./health-board.ts";
import { LoadBoard } from "./load-board.ts";
import type { BoundAddress, FromWorker, HealthNotice, LoadChange, WorkerStart } from "./messages.ts";
import { Seat } from "./seat.ts";
import type { Spawn } from "./seat.ts";
import { statusOf } from "./status.ts";

/** What a supervisor is given. */
export interface SupervisorWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly spawn: Spawn;
  /** Number of workers to keep alive. */
  readonly workers: number;
  readonly version: string;
}

const SECRET_BYTES = 32;
const TICKET_KEY_BYTES = 48;
/** A worker that ends within this time of its start is replaced only after as long: something is wrong with all of them. */
const RESTART_INTERVAL_MIN_MS: Milliseconds = 1_000;

/** Keeps the workers of one instance, and the one truth that they share: loads, health, secrets, addresses. */
export class Supervisor {
  state: Status["state"] = "starting";
  addresses: readonly BoundAddress[] = [];

  private readonly config: Config;
  private readonly world: SupervisorWorld;
  private readonly wheel: Wheel;
  private readonly stopWheel: () => void;
  private readonly secret: string;
  private readonly ticketKeys = randomBytes(TICKET_KEY_BYTES).toString("base64");
  private readonly started: number;
  private readonly loads: LoadBoard;
  private readonly health: HealthBoard;
  private readonly seats = new Map<number, Seat>();
  private lastId = 0;
  private clean = true;
  private opening: { resolve(): void; reject(error: FairleadError): void } | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(config: Config, world: SupervisorWorld) {
    this.config = config;
    this.world = world;
    this.started = world.clock.wall();
    this.secret = config.secret ?? randomBytes(SECRET_BYTES).toString("base64url");
    this.wheel = new Wheel(world.clock, undefined, (error) => world.logger.error({ err: error }, "a timer failed unexpectedly"));
    this.stopWheel = startWheel(this.wheel);
    const pools = Object.values(config.pools);
    this.loads = new LoadBoard(pools);
    this.health = new HealthBoard(pools, { ...world, wheel: this.wheel, onNotice: (notice) => this.tellHealth(notice) });
  }

  /**
   * Starts the workers; resolves when all of them listen.
   *
   * @throws FairleadError LISTEN_FAILED, TLS_FILES or WORKER_FAILED; nothing is left running then
   */
  async open(): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      this.opening = { resolve, reject };
    });
    for (let count = 0; count < this.world.workers; count += 1) this.seatWorker();
    try {
      await opened;
      this.state = "running";
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      this.opening = undefined;
    }
  }

  /** Whether new clients are served. */
  ready(): boolean {
    return this.state === "running" && [...this.seats.values()].some((seat) => seat.ready && !seat.leaving);
  }

  async status(): Promise<Status> {
    const seats = [...this.seats.values()].filter((seat) => seat.ready);
    const counts = await Promise.all(seats.map(async (seat) => ({ id: seat.id, pid: seat.handle.pid, counts: await seat.count() })));
    const { version } = this.world;
    return statusOf({
      version,
      state: this.state,
      startedWall: this.started,
      config: this.config,
      addresses: this.addresses,
      workers: counts,
      health: this.health,
      wallOf: (monotonic) => this.world.clock.wall() - (this.world.clock.now() - monotonic),
    });
  }

  /**
   * Takes nothing new, ends every tunnel within `over` milliseconds, then the workers.
   *
   * @returns whether all of it ended by itself
   */
  async drain(over: Milliseconds): Promise<boolean> {
    this.state = "draining";
    const empty = new Promise<void>((resolve) => {
      this.onEmpty = resolve;
    });
    for (const seat of this.seats.values()) seat.drain(over);
    this.checkEmpty();
    await empty;
    this.finish();
    return this.clean;
  }

  /** Ends everything at once. */
  kill(): void {
    if (this.seats.size > 0 && this.state !== "starting") this.clean = false;
    this.state = "stopped";
    for (const seat of this.seats.values()) seat.handle.kill();
    this.finish();
  }

  private finish(): void {
    this.state = "stopped";
    this.health.stop();
    this.stopWheel();
  }

  private seatWorker(): void {
    this.lastId += 1;
    const id = this.lastId;
    const handle = this.world.spawn(
      (message) => this.receive(id, message),
      () => this.workerGone(id),
    );
    const seat = new Seat(id, handle, this.world.clock.now());
    this.seats.set(id, seat);
    this.loads.addWorker(id);
    seat.start(this.startFor(id));
  }

  private startFor(workerId: number): WorkerStart {
    return {
      config: this.pinned(),
      secret: this.secret,
      ticketKeys: this.ticketKeys,
      workerId,
      shared: this.world.workers > 1,
      health: this.health.notices(),
      others: this.loads.allOthers(workerId),
    };
  }

  /** The configuration with the ports that were chosen where it asks for any, so that a later worker listens where the first one does. */
  private pinned(): Config {
    const listeners = this.config.listeners.map((listener, at) => ({ ...listener, port: this.addresses[at]?.port ?? listener.port }));
    return { ...this.config, listeners };
  }

  private receive(id: number, message: FromWorker): void {
    const seat = this.seats.get(id);
    if (seat === undefined) return;
    if (message.type === "load") this.takeLoads(id, message.changes);
    else if (message.type === "signal") this.health.observe(message.pool, message.index, message.signal);
    else if (message.type === "counts") seat.counted(message.request, message.counts);
    else if (message.type === "ready") this.workerReady(seat, message.addresses);
    else if (message.type === "failed") this.workerFailed(seat, new FairleadError(message.code, message.message));
    else if (message.type === "leaving") this.replace(seat);
    else this.workerDrained(seat, message.clean);
  }

  private takeLoads(from: number, changes: readonly LoadChange[]): void {
    for (const change of changes) this.loads.set(from, change);
    this.tellLoads(from, changes);
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

  private workerReady(seat: Seat, addresses: readonly BoundAddress[]): void {
    seat.ready = true;
    if (this.addresses.length === 0) this.addresses = addresses;
    const all = [...this.seats.values()];
    if (all.every((one) => one.ready)) this.opening?.resolve();
    // A worker that has been asked to go does so once its successor listens.
    for (const one of all) if (one.replacedBy === seat.id) one.drain(this.config.drain);
  }

  private workerFailed(seat: Seat, error: FairleadError): void {
    if (this.opening === undefined) this.world.logger.error({ worker: seat.id, code: error.code }, error.message);
    this.opening?.reject(error);
    seat.handle.kill();
  }

  private replace(seat: Seat): void {
    if (this.state !== "running" || seat.leaving || seat.replacedBy !== undefined) return;
    this.world.logger.info({ worker: seat.id, pid: seat.handle.pid }, "worker leaves and is replaced");
    this.seatWorker();
    seat.replacedBy = this.lastId;
  }

  private workerDrained(seat: Seat, clean: boolean): void {
    this.clean &&= clean;
    seat.leaving = true;
    seat.handle.kill();
  }

  private workerGone(id: number): void {
    const seat = this.seats.get(id);
    if (seat === undefined) return;
    this.seats.delete(id);
    seat.gone();
    this.tellLoads(id, this.loads.removeWorker(id));
    this.opening?.reject(new FairleadError("WORKER_FAILED", `worker ${id} ended before it was ready`));
    const successor = seat.replacedBy !== undefined && this.seats.has(seat.replacedBy);
    if (this.state === "running" && !seat.leaving && !successor) this.restart(seat);
    this.checkEmpty();
  }

  private restart(seat: Seat): void {
    const { logger, clock } = this.world;
    logger.error({ worker: seat.id, pid: seat.handle.pid }, "worker ended unexpectedly and is replaced; its tunnels are lost");
    const lived = clock.now() - seat.begun;
    const wait = lived < RESTART_INTERVAL_MIN_MS ? RESTART_INTERVAL_MIN_MS : 0;
    if (wait === 0) this.seatWorker();
    else setTimeout(() => this.state === "running" && this.seatWorker(), wait);
  }

  private checkEmpty(): void {
    if (this.seats.size === 0) this.onEmpty?.();
  }
}
