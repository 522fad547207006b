import { roundToMicroseconds } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { RehomeOptions } from "../config/index.ts";
import type { RawHeaders } from "../http/index.ts";
import type { Backend, Pool } from "../pool/index.ts";
import { TRUTH } from "../relay/index.ts";
import type { Home, LegReport, MoveReason, Truth, Tunnel, TunnelOwner } from "../relay/index.ts";

import type { Gateway } from "./gateway.ts";
import { finishRecord } from "./record.ts";
import type { LegRecord, RecordDraft } from "./record.ts";
import { Rehoming } from "./rehoming.ts";
import type { Handshake } from "./rehoming.ts";
import type { Carrier, Traffic } from "./traffic.ts";

/** What a gateway keeps of an open tunnel: no more than its end and its operators need, since there are many and they live long. */
export class TunnelLife implements TunnelOwner {
  /** Set once, right after this has been made for it. */
  tunnel!: Tunnel;
  readonly pool: Pool;
  /** The one that it is joined to, or the last one that it was. */
  backend: Backend;
  readonly draft: RecordDraft;
  /** Its backend has asked that it is not rebalanced. */
  pinned: boolean;
  carrier: Carrier;
  /** When it came to its backend, on the clock; to its first one, when the request came. */
  private cameAt: number;
  /** Undefined where it ends with its backend. */
  private rehoming: Rehoming | undefined;
  private readonly gateway: Gateway;

  /** Counts the tunnel as open. */
  constructor(gateway: Gateway, pool: Pool, backend: Backend, draft: RecordDraft, pinned: boolean) {
    this.gateway = gateway;
    this.pool = pool;
    this.backend = backend;
    this.draft = draft;
    this.pinned = pinned;
    this.cameAt = draft.startedAt;
    pool.tunnelOpened(backend);
    this.carrier = gateway.world.meters.opened(draft, gateway.world.clock.now());
  }

  get home(): Home | undefined {
    return this.rehoming?.home;
  }

  /** What it had carried when it came to its present backend; undefined while that is its first. */
  get before(): Traffic | undefined {
    return this.rehoming?.before;
  }

  /**
   * From now on it outlives its backend.
   *
   * @param answer headers of the first backend's
   */
  mayMove(options: RehomeOptions, handshake: Handshake, answer: RawHeaders): void {
    this.rehoming = new Rehoming(this.gateway, this, options, handshake, answer);
  }

  /** Leaves its backend: for another one where it can, else it ends. */
  leave(reason: MoveReason): void {
    const { pool, backend, tunnel } = this;
    // Who has nowhere to go is told at once, not after a search.
    const hasWhere = pool.members.some((one) => one !== backend && one.takesNew);
    if (hasWhere && tunnel.rehome(reason)) return;
    if (!hasWhere) this.rehoming?.stuck(reason);
    tunnel.end(reason);
  }

  /** Whether nothing of it is with its backend any more: its connection is gone, or all that counted has been said. */
  get hasLeft(): boolean {
    return this.rehoming?.isHomeless === true || this.tunnel.backend.leg.closed;
  }

  /** Time since its handshake came. */
  get ageMs(): Milliseconds {
    return this.tunnel.now - this.draft.startedAt;
  }

  /** Time since it came to its backend. */
  get stayMs(): Milliseconds {
    return this.tunnel.now - this.cameAt;
  }

  /** Time since the last data in either direction. */
  get idleMs(): Milliseconds {
    return this.tunnel.idleMs;
  }

  /** When the request came, on the clock. */
  get startedAt(): number {
    return this.draft.startedAt;
  }

  /** Leaves a record of the tunnel's beginning, where that is asked for. */
  recordOpen(): void {
    const { gateway, draft } = this;
    if (gateway.log.access !== "all") return;
    gateway.world.onRecord(finishRecord(draft, gateway.world.clock.now(), "open"), draft.words);
  }

  /** Leaves a record of what the tunnel has carried by now. */
  recordProgress(now: number): void {
    const { client, backend } = this.tunnel.report();
    const progress = { client: legRecord(client), backend: legRecord(backend) };
    this.gateway.world.onRecord(finishRecord(this.draft, now, "progress", progress), this.draft.words);
  }

  backendAnswered(rtt: Milliseconds): void {
    this.pool.noteRoundTrip(this.backend, rtt);
    this.gateway.world.onTime(this.pool, this.backend, "heartbeat", rtt);
  }

  /** It has left its backend, and counts there no more. */
  leaveBackend(health: Truth["health"]): void {
    const { gateway, pool, backend } = this;
    pool.tunnelClosed(backend);
    pool.release(backend);
    if (health === "success") gateway.signal(pool, backend, "success");
    else if (health !== "none") gateway.backendFailed(pool, backend, health);
  }

  /** It has come to another backend, which has been acquired for it. */
  enterBackend(backend: Backend, pinned: boolean): void {
    const { gateway, pool, draft, tunnel } = this;
    this.carrier.past.addTunnel(tunnel, this.before);
    this.rehoming?.noteCarried();
    this.backend = backend;
    this.pinned = pinned;
    this.cameAt = gateway.world.clock.now();
    draft.backend = backend.name;
    draft.rehomed += 1;
    pool.tunnelOpened(backend);
    this.carrier = gateway.world.meters.carrierOf(pool.name, backend.name);
  }

  tunnelOver(tunnel: Tunnel): void {
    const { gateway, draft } = this;
    gateway.tunnels.delete(this);
    this.carrier.past.addTunnel(tunnel, this.before);
    const { cause, client, backend: server } = tunnel.report();
    const { by, health } = TRUTH[cause];
    if (this.rehoming?.isHomeless !== true) this.leaveBackend(health);
    this.rehoming?.over();
    draft.tunnel = { endedBy: by, cause, client: legRecord(client), backend: legRecord(server) };
    gateway.record(draft);
  }
}

function legRecord(leg: LegReport): LegRecord {
  return {
    closeFrom: leg.closeHeard ?? null,
    closeTo: leg.closeSaid ?? null,
    messages: leg.messages,
    bytes: leg.bytes,
    rttMs: leg.rtt === undefined ? null : roundToMicroseconds(leg.rtt),
  };
}
