import { countOf, LEVELS, DISTRIBUTIONS, TOTALS } from "../metrics/index.ts";
import type { DistributionName, LevelName, ProcessReading, TotalName } from "../metrics/index.ts";

import { counter, gauge, histogram, one, perBackend, perWorker } from "./metric.ts";
import type { Facts, Metric } from "./metric.ts";

const SECOND_MS = 1_000;

/** Labels that name what a configuration holds: what it holds no longer is no longer shown, so that series stay bounded. */
function isCurrent({ status }: Facts, names: readonly string[], labels: readonly string[]): boolean {
  const [poolName, backendName] = labels;
  if (names[0] !== "pool" || poolName === "") return true;
  const pool = status.pools.find(({ name }) => name === poolName);
  if (pool === undefined || names[1] !== "backend") return pool !== undefined;
  return pool.backends.some(({ name }) => name === backendName);
}

const total = (name: string, key: TotalName, help: string): Metric =>
  counter(name, TOTALS[key], help, (facts) =>
    facts.measures.totals[key].filter(([labels]) => isCurrent(facts, TOTALS[key], labels)),
  );

const distribution = (name: string, key: DistributionName, help: string): Metric =>
  histogram(name, DISTRIBUTIONS[key], help, (facts) =>
    facts.measures.distributions[key].filter(
      ([labels, counts]) => countOf(counts) > 0 && isCurrent(facts, DISTRIBUTIONS[key], labels),
    ),
  );

const level = (name: string, key: LevelName, help: string): Metric =>
  gauge(name, LEVELS[key], help, (facts) =>
    facts.measures.levels[key].filter(([labels]) => isCurrent(facts, LEVELS[key], labels)),
  );

const ofProcess = (name: string, help: string, read: (process: ProcessReading) => number): Metric =>
  gauge(
    name,
    ["worker"],
    help,
    perWorker(({ process }) => read(process)),
  );

const seconds = (milliseconds: number | null | undefined): number | null | undefined =>
  milliseconds && milliseconds / SECOND_MS;

const INSTANCE: readonly Metric[] = [
  gauge("fairlead_info", ["version"], "Always 1; the version of fairlead is its label.", ({ status }) => [
    [[status.version], 1],
  ]),
  gauge(
    "fairlead_start_time_seconds",
    [],
    "When the instance began, in seconds since the epoch.",
    one(({ status }) => Date.parse(status.started) / SECOND_MS),
  ),
  gauge(
    "fairlead_up",
    [],
    "1 while new clients are served.",
    one(({ status }) => Number(status.state === "running")),
  ),
  gauge(
    "fairlead_workers",
    [],
    "Workers that serve.",
    one(({ status }) => status.workers.length),
  ),
  counter(
    "fairlead_worker_restarts_total",
    [],
    "Workers that ended unexpectedly and were replaced.",
    one(({ instance }) => instance.workerRestarts),
  ),
  gauge(
    "fairlead_config_revision",
    [],
    "Number of the configuration in force.",
    one(({ instance }) => instance.revision),
  ),
  counter("fairlead_reloads_total", ["outcome"], "Reloads of the configuration.", ({ instance }) => instance.reloads),
  gauge(
    "fairlead_reload_failed",
    [],
    "1 when the last reload failed, so that the configuration in force is an older one.",
    one(({ instance }) => Number(instance.reloadFailed)),
  ),
  gauge(
    "fairlead_move_tunnels_left",
    ["kind", "pool"],
    "Tunnels that running drains and rebalances still have to move, or to see leave.",
    ({ instance }) => instance.movesLeft,
  ),
  counter(
    "fairlead_moved_tunnels_total",
    ["kind", "pool"],
    "Tunnels that drains and rebalances have ended or re-homed.",
    ({ instance }) => instance.moved,
  ),
];

const TUNNELS: readonly Metric[] = [
  gauge(
    "fairlead_tunnels",
    ["pool", "backend"],
    "Open tunnels.",
    perBackend(({ open }) => open),
  ),
  gauge(
    "fairlead_tunnels_limit",
    [],
    "Most tunnels of the instance.",
    one(({ status }) => status.maxTunnels),
  ),
  total("fairlead_tunnels_opened_total", "tunnelsOpened", "Tunnels opened."),
  total(
    "fairlead_tunnels_closed_total",
    "tunnelsClosed",
    "Tunnels ended, by who brought it about, why, and the close code that the client was told or else told.",
  ),
  total("fairlead_closes_total", "closes", "Close frames of tunnels that have ended, told to and heard from each leg."),
  distribution("fairlead_tunnel_duration_seconds", "tunnelSeconds", "From the handshake to the end of a tunnel."),
  total(
    "fairlead_rehomings_total",
    "rehomings",
    "Times that a tunnel left its backend while its client stayed, by what became of it; one that is moved often counts as often.",
  ),
  total(
    "fairlead_rehome_lost_messages_total",
    "rehomeLost",
    "Messages of clients that may not have reached a backend that was lost.",
  ),
  distribution(
    "fairlead_rehome_duration_seconds",
    "rehomeSeconds",
    "From the end of one backend to the next, or to giving up.",
  ),
  total("fairlead_tunnel_messages_total", "messages", "Whole messages that tunnels have carried."),
  total("fairlead_tunnel_bytes_total", "bytes", "Bytes that tunnels have carried, headers of frames included."),
  total(
    "fairlead_tunnel_payload_bytes_total",
    "payloadBytes",
    "Payload bytes of data frames that tunnels have carried.",
  ),
  distribution("fairlead_frame_size_bytes", "frameBytes", "Payload of data frames."),
  level("fairlead_backlog_bytes", "backlogBytes", "Bytes that wait to be written to clients or backends."),
  distribution("fairlead_heartbeat_rtt_seconds", "rttSeconds", "Round-trip times of heartbeats."),
];

const ARRIVALS: readonly Metric[] = [
  gauge(
    "fairlead_connections",
    [],
    "Connections of clients.",
    one(({ status }) => status.connections),
  ),
  gauge(
    "fairlead_handshakes",
    [],
    "Clients that wait for the answer to their handshake.",
    one(({ status }) => status.handshakes),
  ),
  total("fairlead_handshakes_total", "handshakes", "Handshakes answered, by what became of them."),
  distribution("fairlead_handshake_duration_seconds", "handshakeSeconds", "From a handshake to its answer."),
  total("fairlead_dials_total", "dials", "Attempts to open a tunnel to a backend, by what became of them."),
  counter(
    "fairlead_refused_tunnels_total",
    [],
    "Handshakes refused since there were as many tunnels as there may be.",
    one(({ status }) => status.refusedTunnels),
  ),
  counter(
    "fairlead_refused_connections_total",
    [],
    "Connections refused since there were as many as there may be.",
    one(({ status }) => status.refusedConnections),
  ),
  total("fairlead_bad_requests_total", "badRequests", "What came and was no request that could be read."),
  level("fairlead_rehoming_tunnels", "rehoming", "Open tunnels that have lost their backend and look for another one."),
  level("fairlead_queued", "queued", "Handshakes and requests that wait for a place at a backend."),
  distribution("fairlead_queue_wait_seconds", "queueSeconds", "Time that was spent waiting for a place at a backend."),
  total(
    "fairlead_admission_refused_total",
    "refusedByAdmission",
    "Handshakes and requests that found no place at a backend, and none in the queue.",
  ),
];

const HTTP: readonly Metric[] = [
  gauge(
    "fairlead_http_requests",
    ["pool", "backend"],
    "Plain requests in flight.",
    perBackend(({ inFlight }) => inFlight),
  ),
  total("fairlead_http_requests_total", "httpRequests", "Plain requests answered, by the class of the status."),
  distribution(
    "fairlead_http_request_duration_seconds",
    "httpSeconds",
    "From a plain request to the end of its answer; tunnels are never in it.",
  ),
  total("fairlead_http_body_bytes_total", "httpBytes", "Bytes of the bodies of plain requests and of their answers."),
];

const BACKENDS: readonly Metric[] = [
  gauge(
    "fairlead_backend_healthy",
    ["pool", "backend"],
    "1 when the backend takes new work, 0 when it is unhealthy, being probed or ejected.",
    perBackend(({ health }) => Number(health === "healthy")),
  ),
  counter(
    "fairlead_backend_flaps_total",
    ["pool", "backend"],
    "How often the backend has become unhealthy or been ejected.",
    perBackend(({ flaps }) => flaps),
  ),
  gauge(
    "fairlead_backend_weight",
    ["pool", "backend"],
    "The weight of the backend.",
    perBackend(({ weight }) => weight),
  ),
  gauge(
    "fairlead_backend_warmth_ratio",
    ["pool", "backend"],
    "Share of its weight that the backend has; below 1 while it warms up.",
    perBackend(({ warming }) => warming?.share ?? 1),
  ),
  gauge("fairlead_pool_panic", ["pool"], "1 while so few backends of the pool are well that all are tried.", (facts) =>
    facts.status.pools.map(({ name, panic }) => [[name], Number(panic)]),
  ),
  gauge(
    "fairlead_backend_activity",
    ["pool", "backend"],
    "What the backend's tunnels carry, weighted, in messages a second; where the balancing method goes by it.",
    perBackend(({ measured }) => measured?.activity),
  ),
  gauge(
    "fairlead_backend_handshake_seconds",
    ["pool", "backend"],
    "Mean time to the answers of handshakes, peaks at once; where the balancing method goes by it.",
    perBackend(({ measured }) => seconds(measured?.handshakeMs)),
  ),
  gauge(
    "fairlead_backend_round_trip_seconds",
    ["pool", "backend"],
    "Mean round-trip time of heartbeats, peaks at once; where the balancing method goes by it.",
    perBackend(({ measured }) => seconds(measured?.roundTripMs)),
  ),
  gauge(
    "fairlead_backend_reported_load_ratio",
    ["pool", "backend"],
    "What the backend says of its own load, 0 to 1; where the balancing method goes by it.",
    perBackend(({ measured }) => measured?.reported?.load),
  ),
  gauge(
    "fairlead_backend_load",
    ["pool", "backend"],
    "Open tunnels, dials and requests in flight: what methods that count go by.",
    perBackend(({ load }) => load),
  ),
  counter(
    "fairlead_backend_failures_total",
    ["pool", "backend"],
    "Failures that were the backend's doing.",
    perBackend(({ failures }) => failures),
  ),
];

const WORKERS: readonly Metric[] = [
  gauge("fairlead_worker_tunnels", ["worker"], "Open tunnels of a worker.", ({ status }) =>
    status.workers.map(({ id, tunnels }) => [[String(id)], tunnels]),
  ),
  gauge("fairlead_worker_tunnels_limit", ["worker"], "Most tunnels of a worker.", ({ status }) =>
    status.workers.flatMap(({ id, maxTunnels }) => (maxTunnels === null ? [] : [[[String(id)], maxTunnels] as const])),
  ),
  gauge(
    "fairlead_worker_event_loop_delay_seconds",
    ["worker", "statistic"],
    "How much later than they were due timers ran, over the last stretch of at least ten seconds: p50, p99, max.",
    ({ workers }) =>
      workers.flatMap(({ id, process: { eventLoopDelay } }) =>
        (["p50", "p99", "max"] as const).map((key) => [[id, key], eventLoopDelay[key] / SECOND_MS] as const),
      ),
  ),
  ofProcess("fairlead_process_resident_memory_bytes", "Resident memory of a process.", (read) => read.residentBytes),
  ofProcess("fairlead_process_heap_used_bytes", "Used heap of a process.", (read) => read.heapUsedBytes),
  ofProcess(
    "fairlead_process_external_memory_bytes",
    "Memory of buffers outside the heap.",
    (read) => read.externalBytes,
  ),
  counter("fairlead_process_cpu_seconds_total", ["worker", "mode"], "CPU time of a process.", ({ workers }) =>
    workers.flatMap(({ id, process: { cpuSeconds } }) => [
      [[id, "user"], cpuSeconds.user] as const,
      [[id, "system"], cpuSeconds.system] as const,
    ]),
  ),
];

/** Every metric there is, in the order in which they are shown. */
export const METRICS: readonly Metric[] = [...INSTANCE, ...TUNNELS, ...ARRIVALS, ...HTTP, ...BACKENDS, ...WORKERS];
