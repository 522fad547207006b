import { z } from "zod";

const directions = z.object({ fromClient: z.number(), fromBackend: z.number() });
const later = z.string().nullable().prefault(null);

/**
 * What is read of the answers of the admin API. An instance of another version may say more: that is left alone, and
 * `--json` prints it as it came.
 */
export const backendSchema = z.object({
  name: z.string(),
  weight: z.number(),
  state: z.string().prefault("active"),
  health: z.string(),
  reason: z.string(),
  since: later,
  outUntil: later,
  stateSince: later,
  flaps: z.number().prefault(0),
  penalty: z.number().prefault(0),
  spared: z.object({ reason: z.string(), since: z.string() }).nullable().prefault(null),
  warming: z.object({ share: z.number(), since: z.string(), until: z.string() }).nullable().prefault(null),
  flow: z.object({ messages: directions, bytes: directions }).nullable().prefault(null),
  measured: z
    .object({
      activity: z.number().nullable(),
      handshakeMs: z.number().nullable(),
      roundTripMs: z.number().nullable(),
      reported: z.object({ load: z.number() }).nullable(),
    })
    .nullable()
    .prefault(null),
  open: z.number(),
  load: z.number(),
  tunnels: z.number(),
  failures: z.number(),
  maxConnections: z.number().nullable().prefault(null),
});

/** The status of an instance. */
export const statusSchema = z.object({
  version: z.string(),
  state: z.string(),
  started: z.string(),
  listeners: z.array(z.object({ name: z.string(), url: z.string() })),
  workers: z.array(z.object({ id: z.number(), tunnels: z.number() })),
  handshakes: z.number(),
  tunnels: z.number(),
  requests: z.number(),
  connections: z.number(),
  maxTunnels: z.number().nullable(),
  refusedTunnels: z.number(),
  refusedConnections: z.number(),
  pools: z.array(
    z.object({
      name: z.string(),
      balance: z.string(),
      affinity: z.string(),
      panic: z.boolean().prefault(false),
      panicking: z.object({ reason: z.string(), since: z.string() }).nullable().prefault(null),
      queued: z.number().prefault(0),
      rehoming: z.number().prefault(0),
      backends: z.array(backendSchema),
    }),
  ),
});

/** A drain or a rebalance. */
export const moveSchema = z.looseObject({
  id: z.string(),
  kind: z.enum(["drain", "rebalance"]),
  pool: z.string(),
  backend: z.string().nullable(),
  state: z.enum(["running", "done", "cancelled", "deadline"]),
  total: z.number(),
  moved: z.number(),
  left: z.number(),
  rate: z.number(),
  currentRate: z.number(),
  slowedBy: z.string().nullable(),
  waitIdleMs: z.number().nullable(),
  deadline: z.string().nullable(),
});

const carriedSchema = z.object({ messages: z.number(), bytes: z.number() });

/** An open tunnel. */
export const tunnelSchema = z.looseObject({
  id: z.string(),
  worker: z.number(),
  route: z.string(),
  pool: z.string(),
  backend: z.string(),
  client: z.string(),
  path: z.string(),
  ageMs: z.number(),
  idleMs: z.number(),
  state: z.enum(["open", "rehoming", "ending"]),
  pinned: z.boolean(),
  rehomed: z.number(),
  fromClient: carriedSchema,
  fromBackend: carriedSchema,
  clientRttMs: z.number().nullable(),
  backendRttMs: z.number().nullable(),
});

/** A page of tunnels. */
export const tunnelPageSchema = z.object({ total: z.number(), tunnels: z.array(tunnelSchema) });

/** What a reload has done. */
export const reloadSchema = z.looseObject({
  outcome: z.enum(["reloaded", "unchanged"]),
  revision: z.number(),
  file: z.string().nullable(),
  changes: z.array(z.string()),
  overruled: z.array(z.string()),
  needsRestart: z.array(z.string()),
  warnings: z.array(z.string()),
});

/** Something that has happened. */
export const eventSchema = z.looseObject({
  id: z.number(),
  time: z.string(),
  type: z.string(),
  message: z.string(),
});

/** What an instance did in one stretch of time; per second. */
export const sampleSchema = z.object({
  time: z.string(),
  opened: z.number(),
  rehomed: z.number().prefault(0),
  messages: z.object({ fromClient: z.number(), fromBackend: z.number() }),
  bytes: z.object({ fromClient: z.number(), fromBackend: z.number() }),
});

/** How many tunnels were ended. */
export const endedSchema = z.object({ ended: z.number() });

export type BackendView = z.output<typeof backendSchema>;
export type StatusView = z.output<typeof statusSchema>;
export type MoveView = z.output<typeof moveSchema>;
export type TunnelView = z.output<typeof tunnelSchema>;
export type EventView = z.output<typeof eventSchema>;
export type SampleView = z.output<typeof sampleSchema>;
