import { FairleadError } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { RouteConfig, DefaultRouteConfig } from "../config/index.ts";
import {
  forwardedRequestHeaders,
  forwardedResponseHeaders,
  headerValue,
  originForm,
  requestHeadText,
  responseHeadText,
} from "../http/index.ts";
import type { RequestFacts } from "../http/index.ts";
import type { Backend, Pool, Seeker } from "../pool/index.ts";
import { Dial, Tunnel } from "../relay/index.ts";
import type { DialOutcome } from "../relay/index.ts";
import { withoutClientTakeover, withoutServerTakeover } from "../websocket/index.ts";
import type { UpgradeJudgement, UpgradeRequest } from "../websocket/index.ts";

import { forwardFacts } from "./arrival.ts";
import type { Arrival } from "./arrival.ts";
import { followDial } from "./follow-dial.ts";
import type { Gateway } from "./gateway.ts";
import {
  BAD_ORIGIN,
  badRequest,
  INTERNAL,
  NO_ROOM,
  NO_ROUTE,
  noCandidate,
  OVERLOADED,
  PIN_HEADER,
  STOPPING,
} from "./outcomes.ts";
import type { Refused } from "./outcomes.ts";
import type { PendingClient } from "./pending-client.ts";
import type { PoolEntry } from "./plan.ts";
import { STATUS_CLIENT_GONE } from "./record.ts";
import { Refusal } from "./refusal.ts";
import type { Handshake } from "./rehoming.ts";
import { TunnelLife } from "./tunnel-life.ts";
import { TurnDown } from "./turn-down.ts";

/** One client's way from its handshake to a tunnel, or to the answer that it gets instead. */
export class Upgrade {
  private readonly gateway: Gateway;
  private readonly arrival: Arrival;
  private readonly client: PendingClient;

  constructor(gateway: Gateway, arrival: Arrival, client: PendingClient) {
    this.gateway = gateway;
    this.arrival = arrival;
    this.client = client;
  }

  /** Never rejects: whatever goes wrong becomes the client's answer and the record's error. */
  async run(judgement: UpgradeJudgement): Promise<void> {
    try {
      await this.admit(judgement);
    } catch (error) {
      this.gateway.world.logger.error({ err: error, id: this.arrival.draft.id }, "a handshake failed unexpectedly");
      this.refuse(INTERNAL);
    }
  }

  private async admit(judgement: UpgradeJudgement): Promise<void> {
    if (!judgement.ok) {
      this.refuse(badRequest(judgement.reason, judgement.status), judgement.headers);
      return;
    }
    const facts = this.gateway.factsOf(this.arrival);
    if (this.gateway.draining) {
      this.refuse(STOPPING, this.retryLater());
      return;
    }
    const route = this.gateway.routeFor(this.arrival, facts);
    if (route === undefined) {
      this.refuse(NO_ROUTE);
      return;
    }
    if (!this.gateway.plan.takesOrigin(route, facts)) this.refuse(BAD_ORIGIN);
    else if (this.gateway.room.enter()) await this.connectWithin(route, facts, judgement.upgrade);
    else this.refuse(NO_ROOM, this.retryLater());
  }

  /** The place that this tunnel has got is its own until it is open, or will not be. */
  private async connectWithin(
    route: RouteConfig | DefaultRouteConfig,
    facts: RequestFacts,
    upgrade: UpgradeRequest,
  ): Promise<void> {
    try {
      await this.connect(route, facts, upgrade);
    } finally {
      this.gateway.room.leave();
    }
  }

  /** Tries one candidate after the other, within the pool's limits of attempts and time. */
  private async connect(
    route: RouteConfig | DefaultRouteConfig,
    facts: RequestFacts,
    upgrade: UpgradeRequest,
  ): Promise<void> {
    const entry = this.gateway.plan.entry(route.pool);
    const { pool } = entry;
    const { maxAttempts, budget } = pool.config.dial;
    const { clock } = this.gateway.world;
    const handshake = { facts, upgrade, head: this.requestHead(route) };
    const tried: Backend[] = [];
    const seeker: Seeker = { kind: "tunnel", facts, failed: tried };
    let left = budget;
    while (tried.length < maxAttempts && left > 0 && !this.client.gone) {
      const backend = pool.claim(seeker) ?? (await this.wait(pool, seeker));
      if (backend === undefined) break;
      const begun = clock.now();
      const outcome = await this.dial(entry, backend, handshake, left);
      if (outcome !== undefined) {
        this.settle(route, entry, backend, handshake, outcome);
        return;
      }
      tried.push(backend);
      left -= clock.now() - begun;
    }
    if (this.client.gone) this.recordGone();
    else if (this.gateway.draining) this.refuse(STOPPING, this.retryLater());
    else this.turnAway(route, pool, seeker, upgrade);
  }

  /** Waits for a place; who goes away meanwhile gets none. */
  private async wait(pool: Pool, seeker: Seeker): Promise<Backend | undefined> {
    const waiter = pool.wait(seeker);
    if (waiter === undefined) return undefined;
    const { clock, meters } = this.gateway.world;
    const begun = clock.now();
    this.client.onGone = waiter.leave;
    const backend = await waiter.place;
    this.client.onGone = undefined;
    meters.waited(pool.name, clock.now() - begun);
    if (backend === undefined || !this.client.gone) return backend;
    pool.release(backend);
    return undefined;
  }

  /** Nobody took it: since all are full, or for another reason. */
  private turnAway(
    { tunnel }: RouteConfig | DefaultRouteConfig,
    pool: Pool,
    seeker: Seeker,
    upgrade: UpgradeRequest,
  ): void {
    pool.refused += 1;
    if (!pool.isOverloaded(seeker)) {
      this.refuse(noCandidate(seeker.failed.length), this.retryLater());
      return;
    }
    this.gateway.world.meters.count("refusedByAdmission", [pool.name]);
    if (pool.config.admission.refuseWith === "status") this.refuse(OVERLOADED, this.retryLater());
    else {
      this.noteRefused({ ...OVERLOADED, status: 101 });
      new TurnDown(this.client, this.gateway.world.wheel).start(upgrade, tunnel.closeTimeout);
      this.gateway.record(this.arrival.draft);
    }
  }

  private requestHead({ tunnel }: RouteConfig | DefaultRouteConfig): string {
    const { head } = this.arrival;
    const headers = forwardedRequestHeaders(head.headers, forwardFacts(this.arrival, true));
    const swallows = tunnel.rehome !== "off" && tunnel.rehome.swallowReplies > 0;
    return requestHeadText("GET", originForm(head.target), swallows ? withoutServerTakeover(headers) : headers);
  }

  /** One attempt. Undefined when it failed; what that says of the backend has been told. */
  private async dial(
    entry: PoolEntry,
    backend: Backend,
    { head, upgrade }: Handshake,
    left: Milliseconds,
  ): Promise<DialOutcome | undefined> {
    const { pool, upstream } = entry;
    const limits = {
      connectTimeout: Math.min(pool.config.dial.connectTimeout, left),
      handshakeTimeout: Math.min(pool.config.dial.handshakeTimeout, left),
    };
    this.noteAttempt(backend.name);
    const dial = new Dial(upstream.target(backend.config), head, upgrade, limits, this.gateway.world);
    this.client.onGone = () => dial.abort();
    try {
      return await followDial(this.gateway, pool, backend, dial, this.arrival.draft.id);
    } catch (error) {
      pool.release(backend);
      if (!(error instanceof FairleadError)) throw error;
      this.arrival.draft.error = error.code;
      return undefined;
    } finally {
      this.client.onGone = undefined;
    }
  }

  private noteAttempt(backend: string): void {
    this.arrival.draft.attempts += 1;
    this.arrival.draft.backend = backend;
  }

  private settle(
    route: RouteConfig | DefaultRouteConfig,
    entry: PoolEntry,
    backend: Backend,
    handshake: Handshake,
    outcome: DialOutcome,
  ): void {
    const { draft } = this.arrival;
    draft.error = undefined;
    if (this.client.gone) {
      outcome.leg.destroy();
      entry.pool.release(backend);
      this.recordGone();
    } else if (outcome.kind === "refused") {
      this.passRefusalOn(entry, backend, outcome);
    } else {
      this.openTunnel(route, entry, backend, handshake, outcome);
    }
  }

  private passRefusalOn(entry: PoolEntry, backend: Backend, outcome: DialOutcome & { kind: "refused" }): void {
    const { draft } = this.arrival;
    draft.status = outcome.response.status;
    const onOver = (cutBy: "client" | "backend" | undefined): void => {
      entry.pool.release(backend);
      if (cutBy !== undefined) draft.error = cutBy === "client" ? "CLIENT_GONE" : "BACKEND_CLOSED_EARLY";
      this.gateway.record(draft);
    };
    const { leg, response, body, early } = outcome;
    new Refusal(this.client, leg, response, body, this.gateway.world.wheel, onOver).start(early);
  }

  private openTunnel(
    route: RouteConfig | DefaultRouteConfig,
    entry: PoolEntry,
    backend: Backend,
    handshake: Handshake,
    outcome: DialOutcome & { kind: "upgraded" },
  ): void {
    const { world } = this.gateway;
    const { pool } = entry;
    // Made before anything is counted: nothing may throw between there and the tunnel.
    const headers = forwardedResponseHeaders(outcome.response.headers);
    const isMovable = canRehome(route, outcome);
    const cookie = pool.cookieFor(backend, handshake.facts);
    const head = Buffer.from(switchingHead(isMovable ? withoutClientTakeover(headers) : headers, cookie), "latin1");
    this.arrival.draft.status = 101;
    const early = this.client.takeEarly();
    this.client.release();
    const client = world.driver.drive(this.client.leg);
    const server = world.driver.drive(outcome.leg);
    if (route.tunnel.heartbeat === "off") {
      client.keepAlive();
      server.keepAlive();
    }
    const pinned = headerValue(outcome.response.headers, PIN_HEADER) !== undefined;
    const life = new TunnelLife(this.gateway, pool, backend, this.arrival.draft, pinned);
    const { rehome } = route.tunnel;
    if (isMovable && rehome !== "off") life.mayMove(rehome, handshake, outcome.response.headers);
    const tunnel = new Tunnel(client, server, route.tunnel, outcome.agreement, world, life);
    life.tunnel = tunnel;
    this.gateway.tunnels.add(life);
    client.write(head);
    life.recordOpen();
    tunnel.start(early, outcome.early);
  }

  private recordGone(): void {
    const { draft } = this.arrival;
    draft.status = STATUS_CLIENT_GONE;
    draft.error = "CLIENT_GONE";
    this.gateway.record(draft);
  }

  private retryLater(): readonly string[] {
    return ["Retry-After", this.gateway.retryAfter()];
  }

  private refuse(refused: Refused, headers: readonly string[] = []): void {
    this.noteRefused(refused);
    this.client.answer(refused.status, headers, `${refused.reason}\n`);
    this.gateway.record(this.arrival.draft);
  }

  private noteRefused({ status, code, reason }: Refused): void {
    const { draft } = this.arrival;
    draft.status = status;
    draft.error ??= code;
    draft.reason = reason;
  }
}

/** What is not enforced, or not known, cannot be handed from one backend to another. */
function canRehome(
  { tunnel }: RouteConfig | DefaultRouteConfig,
  { agreement }: DialOutcome & { kind: "upgraded" },
): boolean {
  return tunnel.rehome !== "off" && !tunnel.transparent && !agreement.foreignExtensions;
}

function switchingHead(headers: readonly string[], cookie: string | undefined): string {
  const all = [...headers, "Connection", "Upgrade", "Upgrade", "websocket"];
  if (cookie !== undefined) all.push("Set-Cookie", cookie);
  return responseHeadText(101, "Switching Protocols", all);
}
