import { z } from "zod";

import { durationField, durationOrOff } from "../base/index.ts";

const MAX_CONNECTIONS = 10_000_000;
const MAX_RATE = 1_000_000;
const MAX_QUEUE = 1_000_000;

/** Tunnels and requests that a backend may have at a time. */
export const maxConnectionsField = z.union([z.literal("off"), z.number().int().min(1).max(MAX_CONNECTIONS)]);

/** What a pool lets through to each of its backends. */
export const admissionSchema = z
  .strictObject({
    maxConnections: maxConnectionsField
      .prefault("off")
      .describe(
        "Most tunnels and requests that a backend has at a time, over all workers; a backend may have its own.",
      ),
    rate: z
      .union([z.literal("off"), z.number().gt(0).max(MAX_RATE)])
      .prefault("off")
      .describe(
        "New tunnels per second to each backend, over all workers. Keeps a storm of returning clients off them.",
      ),
    burst: z
      .union([z.literal("auto"), z.number().int().min(1).max(MAX_RATE)])
      .prefault("auto")
      .describe("Tunnels that may come at once when there were fewer than `rate` before; `auto`: those of one second."),
    slowStart: durationOrOff({ min: 1 })
      .prefault("off")
      .describe("Time in which the weight of a backend that is new, or was ill, grows from a tenth to the whole."),
    queue: z
      .strictObject({
        size: z
          .number()
          .int()
          .min(0)
          .max(MAX_QUEUE)
          .prefault(0)
          .describe(
            "Most clients that wait in each worker while all backends have what they may have; 0: nobody waits.",
          ),
        timeout: durationField({ min: 1 }).prefault("5s").describe("How long a client waits before it is refused."),
      })
      .prefault({})
      .describe("Clients that wait for a place, first come, first served."),
    refuseWith: z
      .enum(["status", "close"])
      .prefault("status")
      .describe(
        "What a client without a place gets: `status` is 503 with `Retry-After`; `close` is for browsers, which hide statuses from pages: 101 and at once a Close 1013 (try again later).",
      ),
  })
  .transform(({ burst, rate, ...rest }) => ({
    ...rest,
    rate,
    burst: burst === "auto" ? Math.max(1, Math.ceil(rate === "off" ? 1 : rate)) : burst,
  }))
  .prefault({})
  .describe("What is let through to each backend, and what becomes of the rest.");

/** The pace of drains. */
export const drainSchema = z
  .strictObject({
    rate: z.number().gt(0).max(MAX_RATE).prefault(50).describe("Tunnels moved per second, over all workers."),
    jitter: z
      .number()
      .min(0)
      .max(1)
      .prefault(0.3)
      .describe(
        "Share (0 to 1) by which the number of each step varies at random, so that clients do not come back in step.",
      ),
    waitIdle: durationOrOff({ min: 1 })
      .prefault("off")
      .describe("Only tunnels without data for so long are moved, until the deadline."),
    deadline: durationOrOff({ min: 1 })
      .prefault("off")
      .describe("What is left so long after the beginning is ended at once, with its Close all the same."),
  })
  .prefault({})
  .describe(
    "The pace at which tunnels leave a backend that is drained or removed: each is ended with 1012, or gets another backend where its route says `rehome`.",
  );

/** How a pool is rebalanced. */
export const rebalanceObject = z.strictObject({
  perMinute: z.number().gt(0).max(MAX_RATE).prefault(60).describe("Most tunnels moved in a minute, over all workers."),
  minAge: durationField({ zero: true })
    .prefault("1m")
    .describe("Tunnels that came to their backend less than so long ago stay there."),
  tolerance: z
    .number()
    .min(0)
    .max(1)
    .prefault(0.1)
    .describe("Share (0 to 1) above its fair share that a backend may keep."),
  interval: durationField({ min: 100 }).prefault("10s").describe("Time between two looks at the loads."),
  evens: z
    .enum(["method", "tunnels"])
    .prefault("method")
    .describe(
      "What is evened. `method`: what the balancing method compares, which is what tunnels carry for `least-load` and their number for all others; `tunnels`: their number.",
    ),
});

/** Defaults for a rebalance that somebody asks for where the pool has none. */
export const REBALANCE_DEFAULTS = rebalanceObject.parse({});

/** Whether, and how, tunnels are moved after a scale-out. */
export const rebalanceSchema = z
  .union([z.literal("off"), rebalanceObject])
  .prefault("off")
  .describe(
    "Whether tunnels are moved from backends that have more than their share: each is ended with 1012, or gets another backend where its route says `rehome`. Never in pools that hash, and never tunnels that their backend has pinned.",
  );
