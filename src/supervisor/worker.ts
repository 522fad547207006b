import { setTimeout as delay } from "node:timers/promises";

import { backendKey, FairleadError, Seldom, startWheel, Wheel } from "../base/index.ts";
import type { Clock, Logger, Milliseconds, Random } from "../base/index.ts";
import type { ListenerConfig } from "../config/index.ts";
import { gauged, Gateway, measure, Meters, retryAfter, roundTrips } from "../gateway/index.ts";
import type { GatewayWorld } from "../gateway/index.ts";
import type { HealthSignal } from "../health/index.ts";
import { plainAddress } from "../http/index.ts";
import { BACKLOG_CONNECTIONS_MAX, TurnAway } from "../listener/index.ts";
import type { ListenerHandlers } from "../listener/index.ts";
import type { BackendCounts, WorkerCounts } from "../metrics/index.ts";
import { Desk } from "../operations/index.ts";
import type { Question } from "../operations/index.ts";
import type { Backend, BackendReading, Pool } from "../pool/index.ts";
import { createDriver, discard } from "../wire/index.ts";
import type { Accepted, LegDriver, ServerHandle } from "../wire/index.ts";

import { LOAD_INTERVAL_MS, LoadCoalescer } from "./coalescer.ts";
import { drainGateway } from "./drain.ts";
import { badRequestRecord } from "./bad-request.ts";
import type { BadRequestFacts } from "./bad-request.ts";
import { loadBinding } from "./binding.ts";
import { Frontage } from "./frontage.ts";
import { Turn } from "./turn.ts";
import type {
  FromWorker,
  HealthNotice,
  LeaseNotice,
  LoadChange,
  ToWorker,
  Warmth,
  WorkerPlan,
  WorkerStart,
} from "./messages.ts";
import { ProcessMeter } from "./process-meter.ts";
import { VitalsTeller } from "./vitals-teller.ts";

/** What a worker is given by the process that it lives in. */
export interface WorkerWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onRecord: GatewayWorld["onRecord"];
  readonly send: (message: FromWorker) => void;
}

/** How long a worker that is replaced goes on serving the connections that it got last as if nothing had happened. */
const SETTLE_MS: Milliseconds = 2_000;

/** Least time between two log lines about what found no room. */
const NO_ROOM_INTERVAL_MS: Milliseconds = 10_000;

/** Makes a worker; tells `ready` or `failed`, in which case there is none. */
export function openWorker(start: WorkerStart, world: WorkerWorld): Worker | undefined {
  try {
    const worker = new Worker(start, world);
    world.send({ type: "ready" });
    return worker;
  } catch (error) {
    const { code, message } =
      error instanceof FairleadError ? error : new FairleadError("WORKER_FAILED", String(error), error);
    world.send({ type: "failed", code, message });
    return undefined;
  }
}

/** One process's share of the work: it serves connections, owns their sockets, and tells the supervisor what it sees. */
export class Worker {
  private readonly world: WorkerWorld;
  private readonly wheel: Wheel;
  private readonly stopWheel: () => void;
  private readonly gateway: Gateway;
  private readonly processMeter: ProcessMeter;
  private readonly loads: LoadCoalescer;
  private readonly watched = new Set<string>();
  private readonly vitals: VitalsTeller;
  private readonly frontage: Frontage;
  private readonly desk: Desk;
  private readonly driver: LegDriver;
  private readonly turns = new Set<Turn>();
  private readonly idPrefix: string;
  private readonly connectionsMax: number;
  private readonly turnAway: TurnAway;
  private readonly crowded: Seldom;
  private refusedConnections = 0;
  private lastBadRequest = 0;

  constructor(start: WorkerStart, world: WorkerWorld) {
    this.world = world;
    const { clock, random, logger, onRecord } = world;
    this.processMeter = new ProcessMeter(clock);
    this.idPrefix = idPrefix(start.workerId, clock);
    this.wheel = new Wheel(clock, undefined, (error) => logger.error({ err: error }, "a timer failed unexpectedly"));
    this.loads = new LoadCoalescer(LOAD_INTERVAL_MS, (changes) => {
      world.send({ type: "load", changes, connections: this.connections() });
    });
    const driver = createDriver(start.config.socketDriver, loadBinding);
    this.driver = driver;
    const full = new Seldom(clock, NO_ROOM_INTERVAL_MS, (handshakes) => {
      logger.warn({ handshakes, maxTunnels: this.gateway.room.max }, "there is no room for another tunnel");
    });
    this.connectionsMax = start.room.connections;
    this.turnAway = new TurnAway(start.room.turnedAway);
    this.crowded = new Seldom(clock, NO_ROOM_INTERVAL_MS, (connections) => this.makeRoom(connections));
    this.gateway = new Gateway(start.config, {
      wheel: this.wheel,
      clock,
      random,
      logger,
      secret: start.secret,
      idPrefix: this.idPrefix,
      workers: start.workers,
      driver,
      onReadings: start.workers > 1 ? (readings) => world.send({ type: "gauges", readings }) : () => {},
      onLoad: start.workers > 1 ? (pool, backend) => this.tellLoad(pool, backend) : () => {},
      onWant: (pool, backend) => world.send({ type: "want", pool: pool.name, backend: backend.name }),
      onSignal: (pool, backend, signal) => this.tellSignal(pool, backend, signal),
      onTime: (...answered) => this.vitals.noteTime(...answered),
      meters: new Meters(),
      onRecord,
      maxTunnels: start.room.tunnels,
      onNoRoom: () => full.note(),
    });
    this.vitals = new VitalsTeller({
      wheel: this.wheel,
      clock,
      pools: () => this.gateway.pools.values(),
      tell: (vitals) => world.send({ type: "vitals", vitals }),
    });
    this.frontage = new Frontage(start.config, {
      driver,
      wheel: this.wheel,
      ticketKeys: Buffer.from(start.ticketKeys, "base64"),
      handlersFor: (listener) => this.handlersFor(listener),
    });
    this.desk = new Desk(this.gateway, start.workerId);
    this.applyKnowledge(start);
    for (const lease of start.leases) this.applyLease(lease);
    this.applyStarts(start.gauges);
    this.stopWheel = startWheel(this.wheel);
  }

  /**
   * Serves a connection that came in.
   *
   * @param listener name of its listener
   * @param connection its number, by which it is told that it has been taken
   * @param accepted undefined when its client went away on the way here
   */
  accept(listener: string, connection: number, accepted: Accepted | undefined): void {
    if (accepted !== undefined) this.take(listener, accepted);
    this.world.send({ type: "taken", connection, connections: this.connections() });
  }

  /**
   * Accepts at an address for a turn.
   *
   * @param listener name of its listener
   * @param number the turn's, by which it is told that it is over
   */
  takeTurn(listener: string, number: number, handle: ServerHandle): void {
    let error: NodeJS.ErrnoException | undefined;
    const owner = {
      accepted: (accepted: Accepted) => this.take(listener, accepted),
      failed: (cause: NodeJS.ErrnoException) => void (error = cause),
      over: (turn: Turn) => {
        this.turns.delete(turn);
        this.tellPassed(listener, number, error);
      },
    };
    const { driver } = this;
    try {
      this.turns.add(
        new Turn(
          listener,
          number,
          (accepted, failed) => driver.acceptAt(handle, BACKLOG_CONNECTIONS_MAX, accepted, failed),
          owner,
        ),
      );
    } catch (cause) {
      // What accepting throws is an error of the system's.
      this.tellPassed(listener, number, cause as NodeJS.ErrnoException);
    }
  }

  /** Does what the supervisor says. */
  receive(message: Exclude<ToWorker, { type: "start" }>): void {
    if (message.type === "others") this.applyOthers(message.changes);
    else if (message.type === "gauges") this.applyReadings(message.readings);
    else if (message.type === "plan") this.reconfigure(message.plan, message.revision);
    else if (message.type === "health") this.applyHealth(message.notice);
    else if (message.type === "withdraw") this.withdraw(message.turn);
    else if (message.type === "room") this.gateway.room.max = message.tunnels;
    else if (message.type === "lease") this.applyLease(message.lease);
    else if (message.type === "warm") this.applyWarmth(message.warmth);
    else if (message.type === "ask") this.answer(message.request, message.question);
    else if (message.type === "shed") this.gateway.pools.get(message.pool)?.shed(message.backends);
    else if (message.type === "ping")
      this.world.send({ type: "pong", request: message.request, connections: this.connections() });
    else if (message.type === "count") this.tellCounts(message.request);
    else void this.drain(message.over, message.settle);
  }

  /** Ends everything at once. */
  destroy(): void {
    for (const turn of this.turns) turn.pass();
    void this.gateway.destroy();
    this.frontage.destroy();
    this.turnAway.stop();
    this.loads.stop();
    this.stopWheel();
    this.processMeter.stop();
  }

  /** Every connection may need another one to a backend, for which a descriptor has to be left. */
  private take(name: string, accepted: Accepted): void {
    if (this.connections() < this.connectionsMax) {
      this.frontage.accept(name, accepted);
      return;
    }
    const listener = this.frontage.find(name);
    if (listener === undefined) {
      discard(accepted);
      return;
    }
    this.refusedConnections += 1;
    this.turnAway.refuse(accepted, listener.config, retryAfter(this.world.random));
    this.crowded.note();
  }

  /** Clients that only keep a connection for later give way. */
  private makeRoom(connections: number): void {
    this.world.logger.warn(
      { connections, maxConnections: this.connectionsMax },
      "there are no descriptors left for another connection",
    );
    this.frontage.closeIdle();
  }

  /** Goes by another configuration from now on; what is open stays. */
  private reconfigure(plan: WorkerPlan, revision: number): void {
    this.frontage.update(plan.config);
    this.gateway.reconfigure(plan.config, plan.secret);
    this.applyKnowledge(plan);
    for (const turn of this.turns) if (!this.frontage.has(turn.listener)) turn.pass();
    this.world.send({ type: "configured", revision, connections: this.connections() });
  }

  /** Behind the loads: what is seen to have ended has given its places back. */
  private tellCounts(request: number): void {
    this.loads.flush();
    this.world.send({ type: "counts", request, counts: this.counts() });
  }

  private answer(request: number, question: Question): void {
    this.world.send({ type: "answer", request, answer: this.desk.answer(question) });
  }

  private withdraw(number: number): void {
    for (const turn of this.turns) if (turn.number === number) turn.pass();
  }

  /** Behind everything that it has chosen meanwhile. */
  private tellPassed(listener: string, turn: number, error: NodeJS.ErrnoException | undefined): void {
    this.loads.flush();
    const message = { type: "passed", listener, turn, connections: this.connections() } as const;
    const { code = "", message: text } = error ?? {};
    this.world.send(error === undefined ? message : { ...message, error: { code, message: text ?? "" } });
  }

  private handlersFor(listener: ListenerConfig): ListenerHandlers {
    const { logger } = this.world;
    const info = { name: listener.name, secure: listener.tls !== undefined };
    return {
      request: (request, response) => this.gateway.request(request, response, info),
      upgrade: (opening) => {
        this.gateway.upgrade(opening, info);
        for (const turn of this.turns) if (turn.listener === listener.name) turn.settled();
      },
      badRequest: ({ remoteAddress = "" }, status, reason, alone) => {
        const client = plainAddress(remoteAddress);
        logger.warn({ listener: info.name, client, status }, `a bad request was refused: ${reason}`);
        if (alone) this.recordBadRequest({ listener: info.name, client, status, reason });
      },
    };
  }

  /** What is no request leaves a record all the same. */
  private recordBadRequest(facts: BadRequestFacts): void {
    const { clock, onRecord } = this.world;
    this.lastBadRequest += 1;
    this.gateway.world.meters.count("badRequests", []);
    const id = `${this.idPrefix}x${this.lastBadRequest.toString(36)}`;
    onRecord(badRequestRecord(id, clock.wall(), facts), undefined);
  }

  /** Ends what there is within `over` milliseconds and a little more, and tells when all is gone. */
  private async drain(over: Milliseconds, settle: boolean): Promise<void> {
    for (const turn of this.turns) turn.pass();
    if (settle) await delay(SETTLE_MS);
    const clean = await drainGateway(this.gateway, [...this.frontage], over);
    this.destroy();
    this.world.send({ type: "drained", clean, counts: this.counts() });
  }

  private connections(): number {
    return this.frontage.connections + this.gateway.connections;
  }

  private tellLoad({ name }: Pool, backend: Backend): void {
    this.loads.change(name, backend.name, backend.own);
  }

  /** Successes are many and seldom matter: they are told only while somebody counts them. */
  private tellSignal(pool: Pool, backend: Backend, signal: HealthSignal): void {
    this.vitals.note(pool, backend, signal);
    const { name } = pool;
    if (signal === "success" && !this.watched.has(backendKey(name, backend.name))) return;
    this.world.send({ type: "signal", pool: name, backend: backend.name, signal });
  }

  private counts(): WorkerCounts {
    const pools: Record<string, Record<string, BackendCounts>> = {};
    for (const [name, { backends }] of this.gateway.pools) {
      const counts: Record<string, BackendCounts> = {};
      for (const backend of backends) counts[backend.name] = { ...backend.counters, load: backend.own };
      pools[name] = counts;
    }
    return {
      handshakes: this.gateway.handshakes,
      tunnels: this.gateway.tunnels.size,
      requests: this.gateway.requests,
      connections: this.connections(),
      refusedTunnels: this.gateway.room.refused,
      refusedConnections: this.refusedConnections,
      pools,
      queued: Object.fromEntries(Array.from(this.gateway.pools, ([name, { queued }]) => [name, queued])),
      metrics: {
        ...measure(this.gateway),
        process: this.processMeter.read(),
        roundTrips: roundTrips(this.gateway),
        measured: gauged(this.gateway),
      },
    };
  }

  private applyKnowledge({ health, others, warm }: WorkerPlan): void {
    for (const warmth of warm) this.applyWarmth(warmth);
    for (const notice of health) this.applyHealth(notice);
    this.applyOthers(others);
  }

  private applyLease({ pool, backend, allowed, order }: LeaseNotice): void {
    const confirm = (used: number): void => this.world.send({ type: "leased", pool, backend, order, used });
    const known = this.gateway.pools.get(pool);
    if (known === undefined) confirm(0);
    else known.allow(backend, allowed, confirm);
  }

  private applyWarmth([pool, backend, factor]: Warmth): void {
    this.gateway.pools.get(pool)?.warm(backend, factor);
  }

  private applyHealth({ pool, backend, healthy, panic, watched }: HealthNotice): void {
    this.gateway.pools.get(pool)?.setHealthy(backend, healthy || panic);
    if (watched) this.watched.add(backendKey(pool, backend));
    else this.watched.delete(backendKey(pool, backend));
  }

  private applyStarts(gauges: WorkerStart["gauges"]): void {
    for (const [name, pool] of this.gateway.pools) {
      const ofPool = gauges.filter(([its]) => its === name);
      pool.beginReadings(new Map(ofPool.map(([, backend, start]) => [backend, start])));
    }
  }

  private applyReadings(readings: readonly BackendReading[]): void {
    for (const [name, pool] of this.gateway.pools) {
      const ofPool = readings.filter(([its]) => its === name);
      pool.setOtherReadings(new Map(ofPool.map(([, backend, reading]) => [backend, reading])));
    }
  }

  private applyOthers(changes: readonly LoadChange[]): void {
    for (const [pool, backend, load] of changes) this.gateway.pools.get(pool)?.setOthers(backend, load);
  }
}

/** Differs between workers, and between the lives of one: the id of the worker and the second in which it began. */
function idPrefix(workerId: number, clock: Clock): string {
  return `${workerId.toString(36)}-${Math.floor(clock.wall() / 1000).toString(36)}-`;
}
