import type { Pool } from "../pool/index.ts";
import { TRUTH } from "../relay/index.ts";
import type { LegReport, Tunnel, TunnelOwner } from "../relay/index.ts";

import type { Gateway } from "./gateway.ts";
import { finishRecord } from "./record.ts";
import type { LegRecord, RecordDraft } from "./record.ts";
import type { Carrier } from "./traffic.ts";

/** What a gateway keeps of an open tunnel: no more than its end needs, since there are many and they live long. */
export class TunnelLife implements TunnelOwner {
  readonly carrier: Carrier;
  private readonly gateway: Gateway;
  private readonly pool: Pool;
  private readonly index: number;
  private readonly draft: RecordDraft;

  /** Counts the tunnel as open. */
  constructor(gateway: Gateway, pool: Pool, index: number, draft: RecordDraft) {
    this.gateway = gateway;
    this.pool = pool;
    this.index = index;
    this.draft = draft;
    pool.tunnelOpened(index);
    this.carrier = gateway.world.meters.opened(draft, gateway.world.clock.now());
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
  recordProgress(tunnel: Tunnel, now: number): void {
    const { client, backend } = tunnel.report();
    const progress = { client: legRecord(client), backend: legRecord(backend) };
    this.gateway.world.onRecord(finishRecord(this.draft, now, "progress", progress), this.draft.words);
  }

  tunnelOver(tunnel: Tunnel): void {
    const { gateway, pool, index, draft } = this;
    gateway.tunnels.delete(tunnel);
    this.carrier.past.addTunnel(tunnel);
    pool.tunnelClosed(index);
    pool.release(index);
    const { cause, client, backend } = tunnel.report();
    const { by, health } = TRUTH[cause];
    if (health === "success") gateway.signal(pool, index, "success");
    else if (health !== "none") gateway.backendFailed(pool, index, health);
    draft.tunnel = { endedBy: by, cause, client: legRecord(client), backend: legRecord(backend) };
    gateway.record(draft);
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
