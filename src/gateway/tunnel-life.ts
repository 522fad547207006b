import type { Milliseconds } from "../base/index.ts";
import type { Backend, Pool } from "../pool/index.ts";
import { TRUTH } from "../relay/index.ts";
import type { LegReport, RehomeReason, Tunnel, TunnelOwner } from "../relay/index.ts";

import type { Gateway } from "./gateway.ts";
import { finishRecord } from "./record.ts";
import type { LegRecord, RecordDraft } from "./record.ts";
import { Traffic } from "./traffic.ts";
import type { Carrier } from "./traffic.ts";

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
  /** What it had carried when it came to its present backend; undefined while that is its first. */
  before: Traffic | undefined;
  /** It has left its backend and looks for another. */
  private isHomeless = false;
  private readonly gateway: Gateway;

  /** Counts the tunnel as open. */
  constructor(gateway: Gateway, pool: Pool, backend: Backend, draft: RecordDraft, pinned: boolean) {
    this.gateway = gateway;
    this.pool = pool;
    this.backend = backend;
    this.draft = draft;
    this.pinned = pinned;
    pool.tunnelOpened(backend);
    this.carrier = gateway.world.meters.opened(draft, gateway.world.clock.now());
  }

  /** Time since its handshake came. */
  get ageMs(): Milliseconds {
    return this.tunnel.now - this.draft.startedAt;
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

  /** It has left its backend, and counts there no more. What the reason says of the backend is told. */
  leaveBackend(reason: RehomeReason): void {
    const { gateway, pool, backend } = this;
    this.isHomeless = true;
    this.endAtBackend();
    const health = reason === "hand-over" ? "success" : TRUTH[reason].health;
    if (health === "success") gateway.signal(pool, backend, "success");
    else if (health !== "none") gateway.backendFailed(pool, backend, health);
  }

  /** It has come to another backend, which has been acquired for it. */
  enterBackend(backend: Backend, pinned: boolean): void {
    const { gateway, pool, draft } = this;
    this.isHomeless = false;
    this.backend = backend;
    this.pinned = pinned;
    draft.backend = backend.name;
    draft.rehomed += 1;
    pool.tunnelOpened(backend);
    this.carrier = gateway.world.meters.carrierOf(pool.name, backend.name);
  }

  tunnelOver(tunnel: Tunnel): void {
    const { gateway, pool, backend, draft } = this;
    gateway.tunnels.delete(this);
    const { cause, client, backend: server } = tunnel.report();
    const { by, health } = TRUTH[cause];
    if (!this.isHomeless) {
      this.endAtBackend();
      if (health === "success") gateway.signal(pool, backend, "success");
      else if (health !== "none") gateway.backendFailed(pool, backend, health);
    }
    draft.tunnel = { endedBy: by, cause, client: legRecord(client), backend: legRecord(server) };
    gateway.record(draft);
  }

  private endAtBackend(): void {
    const { tunnel, pool, backend, before } = this;
    this.carrier.past.addTunnel(tunnel, before);
    this.before = new Traffic();
    this.before.addTunnel(tunnel);
    pool.tunnelClosed(backend);
    pool.release(backend);
  }
}

function legRecord(leg: LegReport): LegRecord {
  return {
    closeFrom: leg.closeHeard ?? null,
    closeTo: leg.closeSaid ?? null,
    messages: leg.messages,
    bytes: leg.bytes,
    rttMs: leg.rtt === undefined ? null : Math.round(leg.rtt * 1000) / 1000,
  };
}
