import { z } from "zod";

import type { BackendStatus, PoolStatus, Status, WorkerStatus } from "../metrics/index.ts";

import type { ErrorBody, InputProblem } from "./errors.ts";
import { named, shapeOf } from "./shape.ts";
import type {
  AdminEvent,
  Carried,
  Move,
  Percentiles,
  ReloadReport,
  RouteInfo,
  Sample,
  TunnelInfo,
  TunnelPage,
} from "./source.ts";

const time = z.string().meta({ format: "date-time", description: "ISO 8601." });
const count = z.int().nonnegative();
const amount = z.number().nonnegative();

const share = z.number().min(0).max(1);
const directionsSchema = z.object({ fromClient: amount, fromBackend: amount });

const measuredSchema = z.object({
  activity: amount
    .nullable()
    .describe("What its tunnels carry, weighted as `least-load` is configured, in messages a second."),
  handshakeMs: amount.nullable().describe("Mean time to the answers of handshakes, in which a peak counts at once."),
  roundTripMs: amount.nullable().describe("The same of heartbeats."),
  reported: z
    .object({ load: share, ageMs: amount })
    .nullable()
    .describe("What it has said of its own load (`Fairlead-Load`), and how long ago."),
});

const fullBackendStatus = z.object({
  name: z.string().describe("Its identity: scheme, host and port."),
  weight: z.number().nonnegative(),
  state: z
    .enum(["active", "draining", "removed"])
    .describe("`removed`: it is in the pool no more, and its last tunnels are being ended."),
  stateSince: time,
  maxConnections: count.nullable().describe("Most tunnels and requests at a time; null where nothing limits them."),
  health: z.enum(["healthy", "unhealthy", "probing", "ejected"]),
  reason: z.string().describe("Why the health is what it is."),
  since: time,
  outUntil: time
    .nullable()
    .describe(
      "When it may come back at the earliest; null while it is healthy, and when a good probe is all it needs.",
    ),
  spared: z
    .object({ reason: z.string(), since: time })
    .nullable()
    .describe("Why it would be ejected if not so many were out already; null where that is not so."),
  warming: z
    .object({ share: share.describe("Of its weight."), since: time, until: time })
    .nullable()
    .describe("How far it has warmed up; null once it has its whole weight."),
  flaps: count.describe("How often it has become unhealthy or been ejected since the start."),
  penalty: amount.describe("What its flapping has come to: 1 for each time, halving with time."),
  rtt: z
    .object({ p50: amount, p99: amount })
    .nullable()
    .describe("Latest heartbeats of its open tunnels, in milliseconds; null where there was none."),
  flow: z
    .object({ messages: directionsSchema, bytes: directionsSchema })
    .nullable()
    .describe("What its tunnels carried a second in the latest stretch of five seconds; null before the first."),
  measured: measuredSchema
    .nullable()
    .describe("What the balancing method goes by, over all workers; null where it measures nothing."),
  open: count.describe("Tunnels that are open."),
  inFlight: count.describe("Plain requests in flight."),
  load: count.describe("Open tunnels, dials and requests in flight."),
  tunnels: count.describe("Tunnels opened since the start."),
  requests: count.describe("Plain requests since the start."),
  failures: count.describe("Failures since the start that were the backend's doing."),
});

/** One backend in the status. */
export const backendStatusSchema = shapeOf<BackendStatus>()("Backend", fullBackendStatus);

/** One pool in the status. */
export const poolStatusSchema = shapeOf<PoolStatus>()(
  "Pool",
  z.object({
    name: z.string(),
    balance: z.string(),
    affinity: z.string(),
    panic: z.boolean().describe("Whether so few of its backends are well that all are tried."),
    panicking: z
      .object({ reason: z.string(), since: time })
      .nullable()
      .describe("How many are well, and since when all are tried; null while they are not."),
    queued: count.describe("Clients that wait for a place with one of its backends."),
    rehoming: count.describe("Open tunnels that have lost their backend and look for another one."),
    backends: z.array(backendStatusSchema),
  }),
);

const workerSchema = shapeOf<WorkerStatus>()(
  "Worker",
  z.object({
    id: count,
    pid: count,
    tunnels: count,
    requests: count,
    connections: count,
    maxTunnels: count.nullable(),
  }),
);

/** The whole status. */
export const statusSchema = shapeOf<Status>()(
  "Status",
  z.object({
    version: z.string(),
    state: z.enum(["starting", "running", "draining", "stopped"]),
    started: time,
    listeners: z.array(z.object({ name: z.string(), host: z.string(), port: count, url: z.string() })),
    workers: z.array(workerSchema),
    handshakes: count,
    tunnels: count,
    requests: count,
    connections: count,
    maxTunnels: count.nullable(),
    descriptors: count.nullable(),
    refusedTunnels: count,
    refusedConnections: count,
    pools: z.array(poolStatusSchema),
  }),
);

const carriedSchema = shapeOf<Carried>()("Carried", z.object({ messages: count, bytes: count }));

/** One open tunnel. */
export const tunnelSchema = shapeOf<TunnelInfo>()(
  "Tunnel",
  z.object({
    id: z.string(),
    worker: count,
    listener: z.string(),
    route: z.string(),
    pool: z.string(),
    backend: z.string(),
    client: z.string().describe("The client's address, as trusted proxies tell it."),
    host: z.string().nullable(),
    path: z.string().describe("Without the query."),
    started: time,
    ageMs: amount,
    idleMs: amount.describe("Time without data in either direction."),
    state: z.enum(["open", "rehoming", "ending"]).describe("`rehoming`: on its way to another backend."),
    pinned: z.boolean().describe("Whether its backend has asked that it is not rebalanced."),
    rehomed: z.int().describe("How often it has got another backend while its client stayed."),
    lost: z.int().describe("Messages of the client that no backend may have got."),
    fromClient: carriedSchema,
    fromBackend: carriedSchema,
    clientRttMs: amount.nullable(),
    backendRttMs: amount.nullable(),
  }),
);

/** A page of tunnels. */
export const tunnelPageSchema = shapeOf<TunnelPage>()(
  "TunnelPage",
  z.object({
    total: count.describe("How many fit the filter."),
    offset: count,
    tunnels: z.array(tunnelSchema),
  }),
);

/** A drain or a rebalance. */
export const moveSchema = shapeOf<Move>()(
  "Move",
  z.object({
    id: z.string(),
    kind: z.enum(["drain", "rebalance"]),
    pool: z.string(),
    backend: z
      .string()
      .nullable()
      .describe("Null for a rebalance, which takes from all that have more than their share."),
    state: z.enum(["running", "done", "cancelled", "deadline"]),
    by: z.enum(["operator", "configuration", "pool"]),
    evens: z
      .enum(["tunnels", "carried"])
      .nullable()
      .describe("Whether a rebalance evens the number of tunnels or what they carry; null for a drain."),
    started: time,
    ended: time.nullable(),
    total: count.describe("Tunnels that were to be moved when it began."),
    moved: count.describe("Tunnels that have been told to go."),
    left: count.describe(
      "Of a drain: tunnels still on the backend, those on their way out included. An estimate where what tunnels carry is evened.",
    ),
    rate: amount.describe("Tunnels per second, as asked for."),
    currentRate: amount.describe("Tunnels per second by now."),
    slowedBy: z.string().nullable().describe("Why it goes slower than asked for; null when it does not."),
    waitIdleMs: amount.nullable(),
    deadline: time.nullable(),
  }),
);

/** What a reload has done. */
export const reloadReportSchema = shapeOf<ReloadReport>()(
  "ReloadReport",
  z.object({
    outcome: z.enum(["reloaded", "unchanged"]),
    revision: count,
    file: z.string().nullable(),
    changes: z.array(z.string()),
    overruled: z.array(z.string()).describe("Changes made at run time that the file has taken back."),
    needsRestart: z.array(z.string()),
    warnings: z.array(z.string()),
  }),
);

/** One route. */
const routeInfoSchema = shapeOf<RouteInfo>()(
  "Route",
  z.object({
    name: z.string(),
    pool: z.string(),
    match: z.string().nullable().describe("What a request must be like, in words; null where any is taken."),
    origins: z.union([z.literal("any"), z.array(z.string())]),
  }),
);

/** Something that has happened. */
const eventSchema = shapeOf<AdminEvent>()(
  "Event",
  z.looseObject({
    id: count,
    time,
    type: z.string(),
    message: z.string(),
    pool: z.string().exactOptional(),
    backend: z.string().exactOptional(),
  }),
);

const percentilesSchema = shapeOf<Percentiles>()(
  "Percentiles",
  z.object({ p50: amount, p90: amount, p99: amount }).describe("Milliseconds."),
);

/** What was done in one stretch of time. */
const sampleSchema = shapeOf<Sample>()(
  "Sample",
  z.object({
    time,
    seconds: amount.describe("Its length; rates are means over it."),
    tunnels: count.describe("Open at its end."),
    opened: amount.describe("Per second, like all rates here."),
    closed: amount,
    refused: amount,
    rehomed: amount.describe("Tunnels that have got another backend."),
    messages: directionsSchema,
    bytes: directionsSchema,
    closeCodes: z.record(z.string(), amount).describe("By close code; `none` where there was no Close."),
    rtt: z.object({ client: percentilesSchema.nullable(), backend: percentilesSchema.nullable() }),
    backends: z.array(z.object({ pool: z.string(), backend: z.string(), tunnels: count })),
  }),
);

const problemSchema = shapeOf<InputProblem>()(
  "Problem",
  z.object({ path: z.string(), message: z.string(), place: z.string().exactOptional() }),
);

/** What every answer holds that tells of an error. */
export const errorSchema = shapeOf<ErrorBody>()(
  "Error",
  z.object({
    error: z.object({ code: z.string(), message: z.string(), problems: z.array(problemSchema).exactOptional() }),
  }),
);

/** The short answers of probes. */
export const aliveSchema = named("Alive", z.object({ status: z.literal("alive") }));
export const readinessSchema = named("Readiness", z.object({ status: z.enum(["ready", "not ready"]) }));
export const healthSchema = named(
  "Health",
  z.object({
    status: z
      .enum(["healthy", "panicking", "unhealthy"])
      .describe(
        "`panicking`: every pool serves, but so few backends of one are well that it tries all. `unhealthy`: 503.",
      ),
    pools: z.array(
      z.object({
        name: z.string(),
        backends: count.describe("Those that take new work; who is drained is left out."),
        healthy: count,
        panic: z.boolean().describe("Whether so few of them are well that all are tried."),
        serves: z.boolean().describe("Whether new clients get a backend: it has a healthy one, or panics."),
      }),
    ),
  }),
);

/** What is neither of a shape of its own nor a list. */
export const configSchema = named("Config", z.looseObject({}));
export const documentSchema = named("OpenApi", z.looseObject({ openapi: z.string() }));
export const endedSchema = named("Ended", z.object({ ended: count.describe("How many tunnels are ended by this.") }));
export const removedSchema = named("Removed", moveSchema.nullable());

/** Lists. */
export const poolsSchema = named("Pools", z.array(poolStatusSchema));
export const backendsSchema = named("Backends", z.array(backendStatusSchema));
export const routesSchema = named("Routes", z.array(routeInfoSchema));
export const movesSchema = named("Moves", z.array(moveSchema));
export const eventsSchema = named("Events", z.array(eventSchema));
export const historySchema = named("History", z.array(sampleSchema));
