import { FairleadError, startWheel, Wheel } from "../base/index.ts";
import type { Clock, Logger, Milliseconds, Random } from "../base/index.ts";
import { Gateway } from "../gateway/index.ts";
import type { AccessRecord } from "../gateway/index.ts";
import type { HealthSignal } from "../health/index.ts";
import { listen } from "../listener/index.ts";
import type { Listener, ListenerHandlers } from "../listener/index.ts";
import type { WorkerCounts } from "../metrics/index.ts";
import type { Pool } from "../pool/index.ts";

import { LoadCoalescer } from "./coalescer.ts";
import { drainGateway } from "./drain.ts";
import type { FromWorker, HealthNotice, LoadChange, ToWorker, WorkerStart } from "./messages.ts";

/** What a worker is given by the process that it lives in. */
export interface WorkerWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onRecord: (record: AccessRecord) => void;
  readonly send: (message: FromWorker) => void;
}

/** One process's share of the work: it listens, owns sockets, and tells the supervisor what it sees. */
export class Worker {
  private readonly world: WorkerWorld;
  private readonly start: WorkerStart;
  private readonly wheel: Wheel;
  private readonly stopWheel: () => void;
  private readonly gateway: Gateway;
  private readonly loads: LoadCoalescer;
  private readonly watched = new Set<string>();
  private listeners: readonly Listener[] = [];

  constructor(start: WorkerStart, world: WorkerWorld) {
    this.start = start;
    this.world = world;
    const { clock, random, logger, onRecord } = world;
    this.wheel = new Wheel(clock, undefined, (error) => logger.error({ err: error }, "a timer failed unexpectedly"));
    this.stopWheel = startWheel(this.wheel);
    this.loads = new LoadCoalescer((changes) => world.send({ type: "load", changes }));
    this.gateway = new Gateway(start.config, {
      wheel: this.wheel,
      clock,
      random,
      logger,
      secret: start.secret,
      idPrefix: idPrefix(start.workerId, clock),
      shared: start.shared,
      onLoad: start.shared ? (pool, index) => this.tellLoad(pool, index) : () => {},
      onSignal: (pool, index, signal) => this.tellSignal(pool, index, signal),
      onRecord,
    });
    for (const notice of start.health) this.applyHealth(notice);
    this.applyOthers(start.others);
  }

  /** Begins to listen; tells `ready` or `failed`. */
  async open(): Promise<void> {
    const { config, ticketKeys } = this.start;
    const keys = Buffer.from(ticketKeys, "base64");
    const opened: Listener[] = [];
    try {
      for (const listener of config.listeners) {
        const handlers = this.handlersFor({ name: listener.name, secure: listener.tls !== undefined });
        // eslint-disable-next-line no-await-in-loop -- in order, so that the first address that fails is the one that is named
        opened.push(await listen(listener, config.limits, handlers, keys));
      }
      this.listeners = opened;
      this.world.send({ type: "ready", addresses: opened.map(({ config: { name }, address }) => ({ name, ...address() })) });
    } catch (error) {
      for (const listener of opened) listener.stop();
      this.stopWheel();
      const { code, message } = error instanceof FairleadError ? error : new FairleadError("WORKER_FAILED", String(error), error);
      this.world.send({ type: "failed", code, message });
    }
  }

  /** Does what the supervisor says. */
  receive(message: Exclude<ToWorker, { type: "start" }>): void {
    if (message.type === "others") this.applyOthers(message.changes);
    else if (message.type === "health") this.applyHealth(message.notice);
    else if (message.type === "count") void this.tellCounts(message.request);
    else void this.drain(message.over);
  }

  /** Ends everything at once. */
  destroy(): void {
    for (const listener of this.listeners) {
      listener.stop();
      listener.destroy();
    }
    void this.gateway.destroy();
    this.loads.stop();
    this.stopWheel();
  }

  private handlersFor(info: { readonly name: string; readonly secure: boolean }): ListenerHandlers {
    const { logger } = this.world;
    return {
      request: (request, response) => this.gateway.request(request, response, info),
      upgrade: (request, socket, head) => this.gateway.upgrade(request, socket, head, info),
      badRequest: (socket, status, reason) => {
        logger.warn({ listener: info.name, client: socket.remoteAddress, status }, `a bad request was refused: ${reason}`);
      },
    };
  }

  /** Takes nothing new, ends what there is within `over` milliseconds and a little more, and tells when all is gone. */
  private async drain(over: Milliseconds): Promise<void> {
    for (const listener of this.listeners) listener.stop();
    const clean = await drainGateway(this.gateway, over);
    this.destroy();
    this.world.send({ type: "drained", clean });
  }

  private tellLoad(pool: Pool, index: number): void {
    this.loads.change(pool.config.name, index, pool.ownLoad(index));
  }

  /** Successes are many and seldom matter: they are told only while somebody counts them. */
  private tellSignal(pool: Pool, index: number, signal: HealthSignal): void {
    const { name } = pool.config;
    if (signal === "success" && !this.watched.has(`${name} ${index}`)) return;
    this.world.send({ type: "signal", pool: name, index, signal });
  }

  private async tellCounts(request: number): Promise<void> {
    const connections = await Promise.all(this.listeners.map((listener) => listener.connections()));
    const pools: Record<string, WorkerCounts["pools"][string]> = {};
    for (const [name, { pool }] of this.gateway.pools) {
      pools[name] = pool.counters.map((counters, index) => ({ ...counters, load: pool.ownLoad(index) }));
    }
    const counts: WorkerCounts = {
      handshakes: this.gateway.handshakes,
      tunnels: this.gateway.tunnels.size,
      requests: this.gateway.requests,
      connections: connections.reduce((sum, count) => sum + count, 0),
      pools,
    };
    this.world.send({ type: "counts", request, counts });
  }

  private applyHealth({ pool, index, healthy, watched }: HealthNotice): void {
    this.gateway.poolEntry(pool).pool.setHealthy(index, healthy);
    if (watched) this.watched.add(`${pool} ${index}`);
    else this.watched.delete(`${pool} ${index}`);
  }

  private applyOthers(changes: readonly LoadChange[]): void {
    for (const [pool, index, load] of changes) this.gateway.poolEntry(pool).pool.setOthers(index, load);
  }
}

/** Differs between workers, and between the lives of one: the id of the worker and the second in which it began. */
function idPrefix(workerId: number, clock: Clock): string {
  return `${workerId.toString(36)}-${Math.floor(clock.wall() / 1000).toString(36)}-`;
}
