import { setTimeout as delay } from "node:timers/promises";

import { FairleadError } from "../base/index.ts";
import type { Clock, Logger, Milliseconds } from "../base/index.ts";

import type { Questions } from "../operations/index.ts";

import type { FromWorker, ToWorker, WorkerPlan, WorkerStart } from "./messages.ts";
import { Seat } from "./seat.ts";
import type { Spawn } from "./seat.ts";

/** What a crew needs of its supervisor. */
export interface CrewWorld {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly spawn: Spawn;
  /** Number of workers to keep alive. */
  readonly workers: number;
  /** What a worker begins with. Its seat has been taken by then. */
  startFor(seat: Seat): WorkerStart;
  /** How long a worker that is replaced may take to end its tunnels. */
  drainTime(): Milliseconds;
  /** What it says that is not about its own coming and going. */
  heard(seat: Seat, message: Report): void;
  /** It serves from now on. */
  arrived(seat: Seat): void;
  /** It is gone. */
  left(seat: Seat): void;
  /** It has ended without having been asked to, and is replaced. @param how why */
  crashed(seat: Seat, how: string): void;
}

/** What a worker tells that is not about its own coming and going. */
export type Report = Exclude<FromWorker, { type: "ready" | "failed" | "leaving" | "drained" }>;

/** How long workers may take to go by another configuration; one that is frozen does it once it is not. */
const CONFIGURE_TIMEOUT_MS: Milliseconds = 5_000;
/** How long a worker may take to answer a question; one that is frozen never does. */
const ANSWER_TIMEOUT_MS: Milliseconds = 1_000;
/** A worker that ends within this time of its start is replaced only after as long: something is wrong with all of them. */
const RESTART_INTERVAL_MIN_MS: Milliseconds = 1_000;

/** The workers of one instance: how they come, are replaced, and go. */
export class Crew {
  readonly seats = new Map<number, Seat>();
  /** Whether all that ended until now had ended its tunnels by then. */
  clean = true;

  private readonly world: CrewWorld;
  private lastId = 0;
  private opening: { resolve(): void; reject(error: FairleadError): void } | undefined;
  private isStaying = true;
  private onEmpty: (() => void) | undefined;

  constructor(world: CrewWorld) {
    this.world = world;
  }

  /** Those that serve. */
  get ready(): Seat[] {
    return [...this.seats.values()].filter((seat) => seat.ready);
  }

  /**
   * Starts the workers; resolves when all of them are ready.
   *
   * @throws FairleadError WORKER_FAILED, or whatever a worker could not start for
   */
  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opening = { resolve, reject };
    try {
      for (let place = 0; place < this.world.workers; place += 1) this.seatWorker(place);
      await promise;
    } finally {
      this.opening = undefined;
    }
  }

  /** Has all workers go by another configuration; resolves when they do, or as good as. */
  async configure(revision: number, planFor: (seat: Seat) => WorkerPlan): Promise<void> {
    const late = delay(CONFIGURE_TIMEOUT_MS, undefined, { ref: false });
    const seats = [...this.seats.values()];
    await Promise.all(seats.map((seat) => Promise.race([seat.configure(revision, planFor(seat)), late])));
  }

  tell(message: ToWorker): void {
    for (const seat of this.seats.values()) seat.handle.send(message);
  }

  /**
   * Asks every worker that serves.
   *
   * @param askFor what to ask the worker of that number
   * @returns the answers; undefined of who is frozen, and of who has gone meanwhile
   */
  async ask<About extends keyof Questions>(
    about: About,
    askFor: (worker: number) => Questions[About]["ask"],
  ): Promise<{ readonly worker: number; readonly answer: Questions[About]["answer"] | undefined }[]> {
    const late = delay(ANSWER_TIMEOUT_MS, undefined, { ref: false });
    return Promise.all(
      this.ready.map(async (seat) => {
        const answer = await Promise.race([seat.ask(about, askFor(seat.id)), late]);
        return { worker: seat.id, answer };
      }),
    );
  }

  /**
   * Has every worker that serves tell what it counts, or as good as: one that is frozen never does.
   *
   * @returns whether one has answered; true also while there is none, which somebody else sees to
   */
  async count(): Promise<boolean> {
    const { ready } = this;
    const late = delay(ANSWER_TIMEOUT_MS, undefined, { ref: false });
    const answers = await Promise.all(ready.map((seat) => Promise.race([seat.count(), late])));
    return ready.length === 0 || answers.some((answer) => answer !== undefined);
  }

  /**
   * Ends all tunnels within `over` milliseconds, then the workers. Nobody is replaced any more. Resolves when all are gone.
   *
   * @param settle whether they first serve the connections that they got last
   */
  drain(over: Milliseconds, settle: boolean): Promise<void> {
    this.isStaying = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.onEmpty = resolve;
    for (const seat of this.seats.values()) seat.drain(over, settle);
    this.checkEmpty();
    return promise;
  }

  /** Ends all workers at once. */
  kill(): void {
    this.isStaying = false;
    for (const seat of this.seats.values()) seat.handle.kill();
  }

  private seatWorker(place: number): void {
    this.lastId += 1;
    const id = this.lastId;
    const handle = this.world.spawn(
      (message) => this.receive(id, message),
      (how) => this.gone(id, how),
    );
    const seat = new Seat(id, place, handle, this.world.clock.now());
    this.seats.set(id, seat);
    seat.start(this.world.startFor(seat));
  }

  private receive(id: number, message: FromWorker): void {
    const seat = this.seats.get(id);
    if (seat === undefined) return;
    if (message.type === "ready") this.arrive(seat);
    else if (message.type === "failed") this.fail(seat, new FairleadError(message.code, message.message));
    else if (message.type === "leaving") this.replace(seat);
    else if (message.type === "drained") this.drained(seat, message);
    else this.world.heard(seat, message);
  }

  private arrive(seat: Seat): void {
    seat.ready = true;
    this.world.arrived(seat);
    const all = [...this.seats.values()];
    if (all.length >= this.world.workers && all.every((one) => one.ready)) this.opening?.resolve();
    // A worker that has been asked to go does so once its successor serves.
    for (const one of all) if (one.replacedBy === seat.id) one.drain(this.world.drainTime(), true);
  }

  private fail(seat: Seat, error: FairleadError): void {
    if (this.opening === undefined) this.world.logger.error({ worker: seat.id, code: error.code }, error.message);
    this.opening?.reject(error);
    seat.handle.kill();
  }

  private replace(seat: Seat): void {
    if (!this.isStaying || this.opening !== undefined || seat.leaving || seat.replacedBy !== undefined) return;
    this.world.logger.info({ worker: seat.id, pid: seat.handle.pid }, "worker leaves and is replaced");
    this.seatWorker(seat.place);
    seat.replacedBy = this.lastId;
  }

  private drained(seat: Seat, { clean, counts }: FromWorker & { type: "drained" }): void {
    this.clean &&= clean;
    seat.counts = counts;
    seat.leaving = true;
    seat.handle.kill();
  }

  private gone(id: number, how: string): void {
    const seat = this.seats.get(id);
    if (seat === undefined) return;
    this.seats.delete(id);
    seat.gone();
    this.world.left(seat);
    this.opening?.reject(new FairleadError("WORKER_FAILED", `worker ${id} ended before it was ready (${how})`));
    const successor = seat.replacedBy !== undefined && this.seats.has(seat.replacedBy);
    if (this.isStaying && this.opening === undefined && !seat.leaving && !successor) this.restart(seat, how);
    this.checkEmpty();
  }

  private restart(seat: Seat, how: string): void {
    const { logger, clock } = this.world;
    const fields = { worker: seat.id, pid: seat.handle.pid, reason: how };
    logger.error(fields, "worker ended unexpectedly and is replaced; its tunnels are lost");
    this.world.crashed(seat, how);
    const lived = clock.now() - seat.begun;
    const wait = lived < RESTART_INTERVAL_MIN_MS ? RESTART_INTERVAL_MIN_MS : 0;
    if (wait === 0) this.seatInstead(seat);
    else setTimeout(() => this.isStaying && this.seatInstead(seat), wait).unref();
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
