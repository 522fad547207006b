import type { HealthStatus } from "../health/index.ts";

import type { WorkerMetrics } from "./measures.ts";

/** What one worker counts of one backend; over all workers when summed. */
export interface BackendCounts {
  /** Tunnels that are open. */
  readonly open: number;
  /** Plain requests in flight. */
  readonly inFlight: number;
  /** Open tunnels, dials and requests in flight: what balancing goes by. */
  readonly load: number;
  /** Tunnels opened since the start. */
  readonly tunnels: number;
  /** Plain requests since the start. */
  readonly requests: number;
  /** Failures since the start that were the backend's doing. */
  readonly failures: number;
}

/** What one worker counts. */
export interface WorkerCounts {
  /** Clients that wait for the answer to their handshake. */
  readonly handshakes: number;
  readonly tunnels: number;
  readonly requests: number;
  /** Client connections: tunnels, handshakes, requests and those that wait for a next request. */
  readonly connections: number;
  /** Handshakes refused for want of room since the start. */
  readonly refusedTunnels: number;
  /** Connections refused for want of room since the start, before anything of them was read. */
  readonly refusedConnections: number;
  /** By the name of the pool, then by that of the backend; with those that have been removed, while they have something. */
  readonly pools: Readonly<Record<string, Readonly<Record<string, BackendCounts>>>>;
  readonly metrics: WorkerMetrics;
  /** Clients that wait for a place with a backend, by the name of the pool. */
  readonly queued: Readonly<Record<string, number>>;
}

/** One backend in the status. */
export interface BackendStatus extends BackendCounts {
  readonly name: string;
  readonly weight: number;
  /** `removed`: it is in the pool no more, and its last tunnels are being ended. */
  readonly state: "active" | "draining" | "removed";
  /** Most tunnels and requests at a time; null where nothing limits them. */
  readonly maxConnections: number | null;
  readonly health: HealthStatus;
  /** Why the health is what it is. */
  readonly reason: string;
  /** When it became so, ISO 8601. */
  readonly since: string;
  /** Latest heartbeats of its open tunnels, in milliseconds; null where there was none. */
  readonly rtt: { readonly p50: number; readonly p99: number } | null;
}

/** One pool in the status. */
export interface PoolStatus {
  readonly name: string;
  readonly balance: string;
  readonly affinity: string;
  /** Clients that wait for a place with one of its backends. */
  readonly queued: number;
  readonly backends: readonly BackendStatus[];
}

/** One worker in the status. */
export interface WorkerStatus {
  readonly id: number;
  readonly pid: number;
  readonly tunnels: number;
  readonly requests: number;
  readonly connections: number;
  /** Most tunnels that it takes now; null where nothing limits them. */
  readonly maxTunnels: number | null;
}

/** What an instance holds and counts at one moment. */
export interface Status {
  readonly version: string;
  readonly state: "starting" | "running" | "draining" | "stopped";
  /** When the instance began, ISO 8601. */
  readonly started: string;
  readonly listeners: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly url: string;
  }[];
  readonly workers: readonly WorkerStatus[];
  readonly handshakes: number;
  readonly tunnels: number;
  readonly requests: number;
  readonly connections: number;
  /** Most tunnels over all workers; null where nothing limits them. */
  readonly maxTunnels: number | null;
  /** Files that each process may open; null where no limit is known. */
  readonly descriptors: number | null;
  /** Handshakes refused for want of room since the start. */
  readonly refusedTunnels: number;
  /** Connections refused for want of room since the start, before anything of them was read. */
  readonly refusedConnections: number;
  readonly pools: readonly PoolStatus[];
}

const NO_COUNTS: BackendCounts = { open: 0, inFlight: 0, load: 0, tunnels: 0, requests: 0, failures: 0 };

/** Adds up what several workers count of one backend. */
export function sumCounts(counts: readonly (BackendCounts | undefined)[]): BackendCounts {
  return counts.reduce<BackendCounts>(
    (sum, one) =>
      one === undefined
        ? sum
        : {
            open: sum.open + one.open,
            inFlight: sum.inFlight + one.inFlight,
            load: sum.load + one.load,
            tunnels: sum.tunnels + one.tunnels,
            requests: sum.requests + one.requests,
            failures: sum.failures + one.failures,
          },
    NO_COUNTS,
  );
}
