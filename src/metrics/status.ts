import type { HealthStatus } from "../health/index.ts";

import type { WorkerMetrics } from "./measures.ts";

/** What one worker counts of one backend; over all workers when summed. */
export interface BackendCounts {
  /** Tunnels that are open. */
  readonly open: number;
  /** Plain requests in flight. */
  readonly inFlight: number;
  /** Open tunnels, dials and requests in flight: what methods that count go by. */
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

/** What tunnels carry a second, by who has sent it. */
export interface Flow {
  readonly messages: { readonly fromClient: number; readonly fromBackend: number };
  /** Headers of frames included. */
  readonly bytes: { readonly fromClient: number; readonly fromBackend: number };
}

/** What the balancing method goes by, over all workers; null where it is not known, or the method does not ask. */
export interface BackendMeasured {
  /** What its tunnels carry, weighted as `least-load` is configured, in messages a second. */
  readonly activity: number | null;
  /** Mean time to the answers of handshakes, in milliseconds, in which a peak counts at once. */
  readonly handshakeMs: number | null;
  /** The same of heartbeats. */
  readonly roundTripMs: number | null;
  /** What it has said of its own load, from 0 to 1, and how long ago; null as well when that counts no more. */
  readonly reported: { readonly load: number; readonly ageMs: number } | null;
}

/** One backend in the status. */
export interface BackendStatus extends BackendCounts {
  readonly name: string;
  readonly weight: number;
  /** `removed`: it is in the pool no more, and its last tunnels are being ended. */
  readonly state: "active" | "draining" | "removed";
  /** When that became so, ISO 8601. */
  readonly stateSince: string;
  /** Most tunnels and requests at a time; null where nothing limits them. */
  readonly maxConnections: number | null;
  readonly health: HealthStatus;
  /** Why the health is what it is. */
  readonly reason: string;
  /** When it became so, ISO 8601. */
  readonly since: string;
  /** When it may come back at the earliest, ISO 8601; null while it is healthy, and when a good probe is all it needs. */
  readonly outUntil: string | null;
  /** Why it would be ejected if not so many were out already, and since when; null where that is not so. */
  readonly spared: { readonly reason: string; readonly since: string } | null;
  /** The share of its weight that it has while it warms up, since when, and until when; null once it has all of it. */
  readonly warming: { readonly share: number; readonly since: string; readonly until: string } | null;
  /** How often it has become unhealthy or been ejected since the start. */
  readonly flaps: number;
  /** What its flapping has come to: 1 for each time, halving with time. */
  readonly penalty: number;
  /** Latest heartbeats of its open tunnels, in milliseconds; null where there was none. */
  readonly rtt: { readonly p50: number; readonly p99: number } | null;
  /** In the latest stretch of five seconds; null before the first. */
  readonly flow: Flow | null;
  /** Null where the pool's balancing method measures nothing. */
  readonly measured: BackendMeasured | null;
}

/** One pool in the status. */
export interface PoolStatus {
  readonly name: string;
  readonly balance: string;
  readonly affinity: string;
  /** Whether so few of its backends are well that all are tried. */
  readonly panic: boolean;
  /** How many are well, and since when all are tried, ISO 8601; null while they are not. */
  readonly panicking: { readonly reason: string; readonly since: string } | null;
  /** Clients that wait for a place with one of its backends. */
  readonly queued: number;
  /** Open tunnels that have lost their backend and look for another one. */
  readonly rehoming: number;
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
