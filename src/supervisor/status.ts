import { backendKey } from "../base/index.ts";
import { formatAddress } from "../config/index.ts";
import type { Config, PoolConfig } from "../config/index.ts";
import { penaltyNow, reasonOf } from "../health/index.ts";
import type { HealthState } from "../health/index.ts";
import { percentileOf, sumCounts, sumLabelled, totalOf } from "../metrics/index.ts";
import type {
  HistogramCounts,
  Labelled,
  BackendCounts,
  BackendMeasured,
  BackendStatus,
  Flows,
  Measures,
  PoolStatus,
  Status,
  WorkerCounts,
} from "../metrics/index.ts";

import type { Care } from "./care.ts";
import { mergeMeasured } from "./measured.ts";
import type { MeasuredBackends } from "./measured.ts";
import { UNLIMITED } from "./room.ts";
import type { Room } from "./room.ts";

/** Where a listener really listens. */
export interface BoundAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

interface CountedWorker {
  readonly id: number;
  readonly pid: number;
  /** Most tunnels that it takes. */
  readonly share: number;
  /** Undefined when it has not told any yet. */
  readonly counts: WorkerCounts | undefined;
}

interface StatusParts {
  readonly version: string;
  readonly state: Status["state"];
  readonly startedWall: number;
  readonly config: Config;
  readonly addresses: readonly BoundAddress[];
  readonly workers: readonly CountedWorker[];
  /** What workers that have ended had counted. */
  readonly past: {
    readonly refusedTunnels: number;
    readonly refusedConnections: number;
    of(pool: string, backend: string): BackendCounts | undefined;
  };
  readonly room: Room;
  /** Connections that no worker could be given. */
  readonly refusedConnections: number;
  /** In which state backends are. */
  readonly care: Pick<Care, "health" | "warming" | "standings">;
  /** What their tunnels carry. */
  readonly flows: Pick<Flows, "of">;
  /** Monotonic time. */
  readonly now: number;
  /** Turns monotonic time into time since the epoch. */
  readonly wallOf: (monotonic: number) => number;
}

/** Puts together what the supervisor knows and what the workers count. */
export function statusOf(parts: StatusParts): Status {
  const { version, state, startedWall, config, addresses, past, room } = parts;
  const workers = parts.workers.map(({ id, pid, share, counts }) => ({
    id,
    pid,
    tunnels: counts?.tunnels ?? 0,
    requests: counts?.requests ?? 0,
    connections: counts?.connections ?? 0,
    maxTunnels: limitOrNull(share),
  }));
  const roundTrips = sumLabelled(parts.workers.map(({ counts }) => counts?.metrics.roundTrips ?? []));
  const measured = mergeMeasured(parts.workers.map(({ counts }) => counts));
  const sum = (count: (worker: WorkerCounts) => number): number =>
    parts.workers.reduce((total, { counts }) => total + (counts === undefined ? 0 : count(counts)), 0);
  return {
    version,
    state,
    started: new Date(startedWall).toISOString(),
    listeners: addresses.map((address) => ({ ...address, url: listenerUrl(config, address) })),
    workers,
    handshakes: sum((worker) => worker.handshakes),
    tunnels: sum((worker) => worker.tunnels),
    requests: sum((worker) => worker.requests),
    connections: sum((worker) => worker.connections),
    maxTunnels: limitOrNull(room.tunnels),
    descriptors: room.descriptors ?? null,
    refusedTunnels: past.refusedTunnels + sum((worker) => worker.refusedTunnels),
    refusedConnections: past.refusedConnections + parts.refusedConnections + sum((worker) => worker.refusedConnections),
    pools: Object.values(config.pools).map((pool) => poolStatus(pool, { ...parts, roundTrips, measured })),
  };
}

interface Parts extends StatusParts {
  /** Over all workers. */
  readonly roundTrips: Labelled<HistogramCounts>;
  readonly measured: MeasuredBackends;
}

function rttOf(pool: string, backend: string, roundTrips: Labelled<HistogramCounts>): BackendStatus["rtt"] {
  const found = roundTrips.find(([labels]) => labels[0] === pool && labels[1] === backend)?.[1];
  const [p50, p99] = [0.5, 0.99].map((share) => found && percentileOf(found, share));
  return p50 === undefined || p99 === undefined ? null : { p50: milliseconds(p50), p99: milliseconds(p99) };
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1_000;
}

function limitOrNull(limit: number): number | null {
  return limit === UNLIMITED ? null : limit;
}

/** The URL under which a listener is reached from this machine. */
export function listenerUrl(config: Config, { name, host, port }: BoundAddress): string {
  const secure = config.listeners.find((listener) => listener.name === name)?.tls !== undefined;
  const reachable = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `${secure ? "wss" : "ws"}://${formatAddress({ host: reachable, port })}`;
}

function rehomingOf(pool: string, levels: Measures["levels"] | undefined): number {
  return totalOf(levels?.rehoming ?? [], ([name]) => name === pool);
}

function poolStatus(pool: PoolConfig, parts: Parts): PoolStatus {
  const counted = parts.workers.flatMap(({ counts }) => Object.keys(counts?.pools[pool.name] ?? {}));
  const removed = new Set(counted);
  for (const { name } of pool.backends) removed.delete(name);
  const panic = parts.care.health.panicOf(pool.name);
  return {
    name: pool.name,
    balance: pool.balance.method,
    affinity: pool.affinity.method,
    panic: panic !== undefined,
    panicking: panic === undefined ? null : { reason: panic.reason, since: timeOf(panic.since, parts) },
    queued: parts.workers.reduce((sum, { counts }) => sum + (counts?.queued[pool.name] ?? 0), 0),
    rehoming: parts.workers.reduce((sum, { counts }) => sum + rehomingOf(pool.name, counts?.metrics.levels), 0),
    backends: [
      ...pool.backends.map(({ name, weight, state, maxConnections }) => {
        const limit = maxConnections ?? pool.admission.maxConnections;
        return backendStatus(pool, { name, weight, state, maxConnections: limit === "off" ? null : limit }, parts);
      }),
      ...[...removed].map((name) =>
        backendStatus(pool, { name, weight: 0, state: "removed", maxConnections: null }, parts),
      ),
    ],
  };
}

function backendStatus(
  pool: PoolConfig,
  { name, weight, state, maxConnections }: Pick<BackendStatus, "name" | "weight" | "state" | "maxConnections">,
  parts: Parts,
): BackendStatus {
  const { workers, past, care, flows, startedWall, roundTrips, measured } = parts;
  const standing = care.standings.of(pool.name, name);
  return {
    name,
    weight,
    state,
    stateSince: new Date(standing?.state === state ? standing.since : startedWall).toISOString(),
    maxConnections,
    ...conditionOf(pool, name, parts),
    rtt: rttOf(pool.name, name, roundTrips),
    flow: flows.of(pool.name, name),
    measured: readable(measured.get(backendKey(pool.name, name))?.[2]),
    ...sumCounts([past.of(pool.name, name), ...workers.map(({ counts }) => counts?.pools[pool.name]?.[name])]),
  };
}

/** Its health, and whatever else keeps work away from it: each with its reason and its time. */
function conditionOf(
  pool: PoolConfig,
  name: string,
  parts: Parts,
): Pick<BackendStatus, "health" | "reason" | "since" | "outUntil" | "spared" | "warming" | "flaps" | "penalty"> {
  const { care, now, startedWall } = parts;
  const known = care.health.stateOf(pool.name, name);
  const spared = care.health.sparedFor(pool.name, name);
  const warming = care.warming.of(pool.name, name);
  return {
    health: known?.status ?? "healthy",
    reason: known === undefined ? "it has been removed" : reasonOf(known, now),
    since: known === undefined ? new Date(startedWall).toISOString() : timeOf(known.since, parts),
    outUntil: known !== undefined && isOut(known, now) ? timeOf(known.probeAt, parts) : null,
    spared: spared === undefined ? null : { reason: spared.reason, since: timeOf(spared.since, parts) },
    warming: warming === undefined ? null : warmingOf(warming, parts),
    flaps: known?.flaps ?? 0,
    penalty: known === undefined ? 0 : roundHundredths(penaltyNow(known, now, pool.health)),
  };
}

function warmingOf(
  { share, since, until }: NonNullable<ReturnType<Care["warming"]["of"]>>,
  parts: Parts,
): BackendStatus["warming"] {
  return { share: roundHundredths(share), since: timeOf(since, parts), until: timeOf(until, parts) };
}

/** Whether time has to pass before it can come back; of one that is probed the probe decides, at any moment. */
function isOut({ status, probeAt }: HealthState, now: number): boolean {
  return (status === "unhealthy" || status === "ejected") && probeAt > now;
}

function timeOf(monotonic: number, { wallOf }: Parts): string {
  return new Date(wallOf(monotonic)).toISOString();
}

/** Without digits that mean nothing. */
function readable(measured: BackendMeasured | undefined): BackendMeasured | null {
  if (measured === undefined) return null;
  const { activity, handshakeMs, roundTripMs, reported } = measured;
  return {
    activity: activity === null ? null : roundHundredths(activity),
    handshakeMs: handshakeMs === null ? null : roundHundredths(handshakeMs),
    roundTripMs: roundTripMs === null ? null : roundHundredths(roundTripMs),
    reported: reported === null ? null : { load: roundHundredths(reported.load), ageMs: Math.round(reported.ageMs) },
  };
}

function roundHundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
