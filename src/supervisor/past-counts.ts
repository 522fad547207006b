import { endedMeasures, NO_MEASURES, sumMeasures } from "../metrics/index.ts";
import type { BackendCounts, Measures, WorkerCounts } from "../metrics/index.ts";

/** What workers that have ended had counted, so that totals never go backwards. What they had open ended with them. */
export class PastCounts {
  refusedTunnels = 0;
  refusedConnections = 0;
  measures: Measures = NO_MEASURES;

  private readonly pools = new Map<string, Map<string, BackendCounts>>();

  add({ pools, refusedTunnels, refusedConnections, metrics }: WorkerCounts): void {
    this.refusedTunnels += refusedTunnels;
    this.refusedConnections += refusedConnections;
    this.measures = sumMeasures([this.measures, endedMeasures(metrics)]);
    for (const [name, backends] of Object.entries(pools)) {
      const before = this.pools.get(name) ?? new Map<string, BackendCounts>();
      for (const [backend, counts] of Object.entries(backends)) before.set(backend, ended(counts, before.get(backend)));
      this.pools.set(name, before);
    }
  }

  /** Undefined when no worker that had it has ended yet. */
  of(pool: string, backend: string): BackendCounts | undefined {
    return this.pools.get(pool)?.get(backend);
  }
}

function ended(count: BackendCounts, before: BackendCounts | undefined): BackendCounts {
  return {
    open: 0,
    inFlight: 0,
    load: 0,
    tunnels: count.tunnels + (before?.tunnels ?? 0),
    requests: count.requests + (before?.requests ?? 0),
    failures: count.failures + (before?.failures ?? 0),
  };
}
