import { ByLabels, Histogram, LATENCY_SECONDS } from "../metrics/index.ts";
import type { BackendReadout, HistogramCounts, Labelled, Measures } from "../metrics/index.ts";

import type { Gateway } from "./gateway.ts";

const SECOND_MS = 1_000;

/** All that a gateway has measured by now. */
export function measure({ world, tunnels, pools }: Gateway): Measures {
  const all = [...pools.values()];
  const queued = all.map(({ name, queued: waiting }) => [[name], waiting] as const);
  const rehoming = all.map(({ name, rehoming: homeless }) => [[name], homeless] as const);
  return world.meters.snapshot(tunnels, { queued, rehoming });
}

/** What pools' balancing methods go by, as it is known here; nothing of pools whose method measures nothing. */
export function gauged({ pools }: Gateway): BackendReadout[] {
  return [...pools.values()].flatMap((pool) =>
    [...pool.gauged()].map(([backend, measured]): BackendReadout => [pool.name, backend, measured]),
  );
}

/** The latest heartbeats of open tunnels towards their backends, in seconds. Labels: pool, backend. */
export function roundTrips({ tunnels }: Gateway): Labelled<HistogramCounts> {
  const found = new ByLabels(() => new Histogram(LATENCY_SECONDS));
  for (const { tunnel, pool, backend } of tunnels) {
    const { rtt } = tunnel.backend;
    if (rtt !== undefined) found.of([pool.name, backend.name]).observe(rtt / SECOND_MS);
  }
  return found.all();
}
