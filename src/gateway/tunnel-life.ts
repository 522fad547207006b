import type { Backend, Pool } from "../pool/index.ts";
import { TRUTH } from "../relay/index.ts";
import type { LegReport, Tunnel, TunnelOwner } from "../relay/index.ts";

import type { Gateway } from "./gateway.ts";
import type { LegRecord, RecordDraft } from "./record.ts";

/** What a gateway keeps of an open tunnel: no more than its end needs, since there are many and they live long. */
export class TunnelLife implements TunnelOwner {
  private readonly gateway: Gateway;
  private readonly pool: Pool;
  private readonly backend: Backend;
  private readonly draft: RecordDraft;

  /** Counts the tunnel as open. */
  constructor(gateway: Gateway, pool: Pool, backend: Backend, draft: RecordDraft) {
    this.gateway = gateway;
    this.pool = pool;
    this.backend = backend;
    this.draft = draft;
    pool.tunnelOpened(backend);
  }

  tunnelOver(tunnel: Tunnel): void {
    const { gateway, pool, backend, draft } = this;
    gateway.tunnels.delete(tunnel);
    pool.tunnelClosed(backend);
    pool.release(backend);
    const { cause, client, backend: server } = tunnel.report();
    const { by, health } = TRUTH[cause];
    if (health === "success") gateway.signal(pool, backend, "success");
    else if (health !== "none") gateway.backendFailed(pool, backend, health);
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
    rttMs: leg.rtt === undefined ? null : Math.round(leg.rtt * 1000) / 1000,
  };
}
