import { z } from "zod";

import { affinitySchema } from "../affinity/index.ts";
import { balanceSchema } from "../balancing/index.ts";
import { durationField } from "../base/index.ts";
import { healthSchema } from "../health/index.ts";
import { readBackendUrl } from "./backend.ts";
import { reading } from "./reading.ts";
import { admissionSchema, drainSchema, maxConnectionsField, rebalanceSchema } from "./schema-operate.ts";

const MAX_WEIGHT = 1000;
const MAX_ATTEMPTS = 100;

const backendUrl = z
  .string()
  .transform(reading(readBackendUrl))
  .describe(
    "`ws://`, `wss://`, `http://` or `https://`, host and port. `ws` and `http` are the same on the wire, and so are `wss` and `https`; a backend serves sockets and plain requests alike.",
  );

const weightField = z.number().gt(0).max(MAX_WEIGHT);
const stateField = z.enum(["active", "draining"]);

/** What can be said anew of a backend that is there. */
export const backendChangeSchema = z.strictObject({
  weight: weightField.optional(),
  state: stateField.optional(),
  maxConnections: maxConnectionsField.optional(),
});

const backendObject = z.strictObject({
  url: backendUrl,
  weight: weightField
    .prefault(1)
    .describe("Share of the work compared with the pool's other backends, above 0 and at most 1000."),
  state: stateField
    .prefault("active")
    .describe("`draining`: it gets nothing new, and its tunnels are ended, or re-homed, at the pool's pace."),
  maxConnections: maxConnectionsField.optional().describe("Instead of what the pool's `admission` says."),
});

function longForm({ url, weight, state, maxConnections }: z.output<typeof backendObject>) {
  return { ...url, weight, state, ...(maxConnections !== undefined && { maxConnections }) };
}

/** A backend in its long form. */
export const backendSchema = backendObject.transform(longForm);

/** Backends of one pool: a URL, or an object with a URL and a weight. */
export const backendsSchema = z
  .array(
    z.union([backendUrl, backendObject]).transform((entry) =>
      // The short form says nothing but what "url" is in the long form.
      "weight" in entry ? longForm(entry) : { ...entry, weight: 1, state: "active" as const },
    ),
  )
  .min(1, { error: "a pool needs a backend; list at least one, such as ws://127.0.0.1:8000" });

const poolTlsSchema = z
  .strictObject({
    ca: z
      .string()
      .optional()
      .describe(
        "PEM file (or PEM text) of the authorities to trust instead of the system's. A path is relative to the configuration file's folder.",
      ),
    verify: z
      .boolean()
      .prefault(true)
      .describe(
        "Whether a backend whose certificate cannot be verified is refused. Without it anybody can stand in for a backend.",
      ),
    servername: z
      .string()
      .min(1)
      .optional()
      .describe("Name to ask for by SNI and to verify, instead of the host of the backend's URL."),
  })
  .prefault({})
  .describe("TLS towards `wss://` and `https://` backends.");

const dialSchema = z
  .strictObject({
    connectTimeout: durationField({ min: 1 })
      .prefault("3s")
      .describe("For one connection (name, TCP and TLS) to one backend; then the next candidate is tried."),
    handshakeTimeout: durationField({ min: 1 })
      .prefault("10s")
      .describe("For one backend's answer to a handshake; then the next candidate is tried."),
    maxAttempts: z
      .number()
      .int()
      .min(1)
      .max(MAX_ATTEMPTS)
      .prefault(3)
      .describe("Backends tried for one client before it gets 503."),
    budget: durationField({ min: 1 })
      .prefault("15s")
      .describe("For all attempts for one client together; when it is used up the client gets 503."),
  })
  .prefault({})
  .describe("Limits of finding a backend that answers.");

/** One pool. `balance` and `affinity` come from the configuration's own where a pool names none. */
export const poolSchema = z.strictObject({
  backends: backendsSchema.describe("The servers of this pool, each once."),
  balance: balanceSchema.optional().describe("How the pool chooses; from the top of the configuration where not said."),
  affinity: affinitySchema
    .optional()
    .describe("How clients stay with a backend; from the top of the configuration where not said."),
  tls: poolTlsSchema,
  dial: dialSchema,
  health: healthSchema.prefault({}).describe("When a backend counts as unhealthy, and how it comes back."),
  admission: admissionSchema,
  drain: drainSchema,
  rebalance: rebalanceSchema,
});

/** What a pool is that says nothing but its backends. */
export const barePoolSchema = poolSchema.omit({ backends: true });
