import { z } from "zod";
import { durationField } from "../base/index.ts";
import { activeSchema, probePathField } from "./options-active.ts";
import { flappingSchema } from "./options-flapping.ts";
import { outliersSchema } from "./options-outliers.ts";

const MAX_THRESHOLD = 1000;
const MAX_SAMPLES = 100_000;

const failureRate = z
  .strictObject({
    share: z
      .number()
      .gt(0)
      .max(1)
      .prefault(0.5)
      .describe("Share of failures, above 0 and at most 1, from which on a backend is unhealthy."),
    window: durationField({ min: 1000 })
      .prefault("30s")
      .describe("Time over which the share is taken. Longer ones notice later and forgive later."),
    minSamples: z
      .int()
      .min(1)
      .max(MAX_SAMPLES)
      .prefault(20)
      .describe("Outcomes within the window below which the share says nothing yet."),
  })
  .describe("Finds backends that fail often but not in a row.");

const probe = z
  .strictObject({
    path: probePathField
      .prefault("/")
      .describe("Path, and query if there is one, that the probing WebSocket handshake asks for."),
    timeout: durationField()
      .prefault("5s")
      .describe("For the whole probe: connection, handshake, ping and pong. After it the probe has failed."),
    interval: durationField()
      .prefault("1s")
      .describe(
        "Time between the probes of one recovery when `successThreshold` asks for several, and after a failed one while no backend of the pool is well.",
      ),
  })
  .prefault({})
  .describe("The probe by which an unhealthy backend shows that it is well again.");

/** When a backend counts as unhealthy, and how it comes back. */
export const healthSchema = z
  .strictObject({
    failureThreshold: z
      .int()
      .min(1)
      .max(MAX_THRESHOLD)
      .prefault(3)
      .describe("Failures in a row, any success between them starts anew, that make a backend unhealthy."),
    failureWindow: durationField({ zero: true })
      .prefault("1s")
      .describe(
        "Failures of open tunnels of one kind within this time count as one: a backend that drops all its sockets at once has failed once. Failed dials always count.",
      ),
    failureRate: z
      .union([z.literal("off"), failureRate])
      .prefault("off")
      .describe(
        "Share of failures that makes a backend unhealthy, however many successes lie between them; `off` for never.",
      ),
    cooldown: durationField()
      .prefault("5s")
      .describe(
        "Time that an unhealthy backend is left alone before it is probed, while others of its pool are well. Doubles each time that it does not recover for long.",
      ),
    maxCooldown: durationField()
      .prefault("60s")
      .describe(
        "What `cooldown` grows to at most. A backend that stays healthy for this long starts with `cooldown` again.",
      ),
    cooldownJitter: z
      .number()
      .min(0)
      .max(1)
      .prefault(0.2)
      .describe(
        "Share, 0 to 1, by which a cool-down is shortened at random, so that not everybody probes at the same moment.",
      ),
    successThreshold: z
      .int()
      .min(1)
      .max(MAX_THRESHOLD)
      .prefault(1)
      .describe("Successful probes in a row that make an unhealthy backend healthy."),
    probe,
    active: activeSchema,
    outliers: outliersSchema,
    flapping: flappingSchema,
    panic: z
      .union([z.literal("off"), z.number().min(0).lt(1)])
      .prefault("off")
      .describe(
        "Share of the pool's backends, 0 to below 1, that are well, at or below which all are tried, whatever is known of them; 0: only when none is well; `off` for never.",
      ),
  })
  .refine(({ cooldown, maxCooldown }) => cooldown <= maxCooldown, {
    error: "maxCooldown is shorter than cooldown; give it at least the same",
    path: ["maxCooldown"],
  })
  .describe("When a backend counts as unhealthy, and how it comes back.");

/** What people write. */
export type HealthInput = z.input<typeof healthSchema>;

/** Validated options of health. */
export type HealthOptions = z.output<typeof healthSchema>;
