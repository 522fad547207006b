import type { IncomingMessage, ServerResponse } from "node:http";

import type { Clock, Logger, Milliseconds, Random, Wheel } from "../base/index.ts";
import type { Config, DefaultRouteConfig, LogOptions, RouteConfig } from "../config/index.ts";
import type { FailureSignal, HealthSignal } from "../health/index.ts";
import { headerValue, requestFacts, traceOf } from "../http/index.ts";
import type { RequestFacts, RequestHead } from "../http/index.ts";
import type { Opening } from "../listener/index.ts";
import type { Backend, BackendReading, OnLoad, Pool } from "../pool/index.ts";
import type { LegDriver } from "../wire/index.ts";

import { arrivalOf } from "./arrival.ts";
import type { Arrival, Connection, ListenerInfo } from "./arrival.ts";
import { gauge } from "./gauge.ts";
import type { Meters } from "./meters.ts";
import { PendingClient } from "./pending-client.ts";
import { Plan } from "./plan.ts";
import { recordProgress } from "./progress.ts";
import { finishRecord } from "./record.ts";
import type { AccessRecord, RecordDraft, RequestWords } from "./record.ts";
import { PlainRequest } from "./request.ts";
import { retryAfter } from "./retry-after.ts";
import { Room } from "./room.ts";
import { RefusedRehomings } from "./refused-rehomings.ts";
import { RehomingQueue } from "./rehoming-queue.ts";
import type { TunnelLife } from "./tunnel-life.ts";
import { Upgrade } from "./upgrade.ts";

/** What a gateway needs of the worker that it lives in. */
export interface GatewayWorld {
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Key of affinity cookies. */
  readonly secret: string;
  /** Begins the id of every tunnel and request; differs between workers. */
  readonly idPrefix: string;
  /** Workers that share the backends, this one included. */
  readonly workers: number;
  readonly onLoad: OnLoad;
  /** Told when the supervisor is to be asked for more room at a backend. */
  readonly onWant: OnLoad;
  /** How the sockets of tunnels are driven. */
  readonly driver: LegDriver;
  /** Told every second what has been measured for balancing methods, all of it at once; who is absent had nothing. */
  readonly onReadings: (readings: readonly BackendReading[]) => void;
  /** Told of everything that says something about a backend's health. */
  readonly onSignal: (pool: Pool, backend: Backend, signal: HealthSignal) => void;
  /** Told how long a backend took to answer a handshake or a heartbeat. */
  readonly onTime: (pool: Pool, backend: Backend, what: "handshake" | "heartbeat", time: Milliseconds) => void;
  readonly meters: Meters;
  readonly onRecord: (record: AccessRecord, words: RequestWords | undefined) => void;
  /** Most tunnels to begin with. */
  readonly maxTunnels: number;
  /** Told of every handshake that is refused since there are so many. */
  readonly onNoRoom: () => void;
}

/** The life of connections, from their request to their record: the only place where all rooms meet. */
export class Gateway {
  readonly world: GatewayWorld;
  readonly tunnels = new Set<TunnelLife>();
  readonly room: Room;
  /** By name; those that are no longer configured too, for as long as they have something. */
  readonly pools = new Map<string, Pool>();
  /** Tunnels that have lost their backends and look for others. */
  readonly rehomings = new RehomingQueue();
  readonly refusedRehomings: RefusedRehomings;

  private isDraining = false;
  /** What goes for those that come now. */
  private current: Plan;
  private readonly pending = new Set<PendingClient>();
  private lastId = 0;
  private openRequests = 0;
  private onIdle: (() => void) | undefined;

  constructor(config: Config, world: GatewayWorld) {
    this.world = world;
    this.room = new Room(this.tunnels, world.maxTunnels, world.onNoRoom);
    this.refusedRehomings = new RefusedRehomings(world.clock, world.logger);
    this.current = this.adopt(config, undefined, world.secret);
    recordProgress(this);
    gauge(this);
  }

  /** Whether all that is open is being ended. Who waits for a place gets none any more. */
  get draining(): boolean {
    return this.isDraining;
  }

  set draining(draining: boolean) {
    this.isDraining = draining;
    if (draining) for (const pool of this.pools.values()) pool.dismiss();
  }

  get plan(): Plan {
    return this.current;
  }

  get log(): LogOptions {
    return this.plan.config.log;
  }

  /**
   * Goes by another configuration from now on. Tunnels, handshakes and requests under way go on as they began.
   *
   * @param secret key of affinity cookies
   */
  reconfigure(config: Config, secret: string): void {
    const before = this.current;
    this.current = this.adopt(config, before, secret);
    before.giveWayTo(this.current);
    for (const [name, pool] of this.pools) if (pool.isEmpty) this.pools.delete(name);
  }

  /** Clients that have not got an answer to their handshake yet. */
  get handshakes(): number {
    return this.pending.size;
  }

  /** Plain requests in flight. */
  get requests(): number {
    return this.openRequests;
  }

  /** Clients' connections that were given to it with their handshakes. */
  get connections(): number {
    return this.pending.size + this.tunnels.size;
  }

  /** A request for a WebSocket. */
  upgrade({ head, judgement, leg, localPort, early }: Opening, listener: ListenerInfo): void {
    const arrival = this.arrive("tunnel", head, { remoteAddress: leg.remoteAddress, localPort }, listener);
    const { maxEarlyData } = this.plan.config.limits;
    const client = new PendingClient(leg, early, maxEarlyData, this.world.wheel, (released) => {
      this.pending.delete(released);
      this.checkIdle();
    });
    if (!client.leg.closed) this.pending.add(client);
    void new Upgrade(this, arrival, client).run(judgement);
  }

  /** A plain request. */
  request(request: IncomingMessage, response: ServerResponse, listener: ListenerInfo): void {
    const { method = "", url = "", httpVersion, rawHeaders, socket } = request;
    const head = { method, target: url, version: httpVersion, headers: rawHeaders };
    const arrival = this.arrive("request", head, socket, listener);
    this.openRequests += 1;
    void new PlainRequest(this, arrival, request, response).run().then(() => {
      this.openRequests -= 1;
      this.checkIdle();
    });
  }

  factsOf(arrival: Arrival): RequestFacts {
    const facts = requestFacts(arrival.head, arrival.remoteAddress, arrival.secure, this.plan.isTrusted);
    arrival.draft.client = facts.clientAddress;
    arrival.draft.host = facts.host;
    return facts;
  }

  /** The route that takes a request, noted in its record; undefined when none does. */
  routeFor({ draft }: Arrival, facts: RequestFacts): RouteConfig | DefaultRouteConfig | undefined {
    const route = this.plan.routeFor(facts);
    draft.route = route?.name;
    draft.pool = route?.pool;
    return route;
  }

  signal(pool: Pool, backend: Backend, signal: HealthSignal): void {
    this.world.onSignal(pool, backend, signal);
  }

  backendFailed(pool: Pool, backend: Backend, signal: FailureSignal): void {
    pool.noteFailure(backend);
    this.world.onSignal(pool, backend, signal);
  }

  /** Seconds that a refused client is told to wait. */
  retryAfter(): string {
    return retryAfter(this.world.random);
  }

  record(draft: RecordDraft): void {
    const now = this.world.clock.now();
    this.world.meters.recorded(draft, now);
    this.world.onRecord(finishRecord(draft, now), draft.words);
    this.checkIdle();
  }

  /** Resolves when no tunnel, handshake or request is left. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.onIdle = resolve;
      this.checkIdle();
    });
  }

  /** Ends at once what is left, and the connections to backends. */
  async destroy(): Promise<void> {
    for (const client of this.pending) client.leg.destroy();
    for (const { tunnel } of this.tunnels) tunnel.destroy("shutdown");
    await Promise.all([...this.plan.entries.values()].map(({ upstream }) => upstream.close()));
  }

  private adopt(config: Config, before: Plan | undefined, secret: string): Plan {
    const plan = new Plan(config, before, this.pools, { ...this.world, secret });
    for (const [name, { pool }] of plan.entries) this.pools.set(name, pool);
    return plan;
  }

  private arrive(
    kind: RecordDraft["kind"],
    head: RequestHead,
    connection: Connection,
    listener: ListenerInfo,
  ): Arrival {
    const { clock, idPrefix, random } = this.world;
    this.lastId += 1;
    const id = `${idPrefix}${this.lastId.toString(36)}`;
    const words = this.log.accessFormat === "combined" ? wordsOf(head) : undefined;
    const start = { kind, id, words, trace: traceOf(head.headers, random), wall: clock.wall(), now: clock.now() };
    return arrivalOf(head, connection, listener, this.plan.isTrusted, start);
  }

  private checkIdle(): void {
    if (this.onIdle === undefined || this.tunnels.size + this.pending.size + this.openRequests > 0) return;
    const resolve = this.onIdle;
    this.onIdle = undefined;
    resolve();
  }
}

function wordsOf({ version, headers }: RequestHead): RequestWords {
  return { version, referer: headerValue(headers, "referer"), userAgent: headerValue(headers, "user-agent") };
}
