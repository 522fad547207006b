import { z } from "zod";
import { durationField } from "../base/index.ts";

const MAX_FACTOR = 1000;
const MAX_SAMPLES = 100_000;

const factor = z
  .number()
  .min(1)
  .max(MAX_FACTOR)
  .prefault(3)
  .describe("How many times the median of the pool's other backends it has to be, too.");

const failures = z
  .strictObject({
    share: z.number().gt(0).max(1).prefault(0.1).describe("Share of failures, above 0 and at most 1, that it takes."),
    factor,
  })
  .prefault({})
  .describe("Who fails more often than the others.");

const slowness = z
  .strictObject({
    factor,
    minimum: durationField({ zero: true })
      .prefault("100ms")
      .describe("Times below this are never too long, however short those of the others are."),
  })
  .prefault({})
  .describe("Who answers handshakes or heartbeats later than the others: its median counts.");

const outliersObject = z
  .strictObject({
    window: durationField({ min: 1000 })
      .prefault("1m")
      .describe("Time that is looked at. A sixth of it lies between two looks."),
    minSamples: z
      .int()
      .min(1)
      .max(MAX_SAMPLES)
      .prefault(20)
      .describe("Samples within the window below which nothing is said of a backend, for each measure."),
    failures,
    slowness,
    ejection: durationField()
      .prefault("30s")
      .describe("How long a backend is ejected the first time; doubles each time that it does not stay well for long."),
    maxEjection: durationField()
      .prefault("10m")
      .describe(
        "What `ejection` grows to at most. A backend that stays well for this long starts with `ejection` again.",
      ),
    maxEjected: z
      .number()
      .gt(0)
      .max(1)
      .prefault(0.3)
      .describe(
        "Share of the pool's backends, above 0 and at most 1, beyond which no further one is ejected; those that are unhealthy count. Where there are several backends, one may always be.",
      ),
  })
  .refine(({ ejection, maxEjection }) => ejection <= maxEjection, {
    error: "maxEjection is shorter than ejection; give it at least the same",
    path: ["maxEjection"],
  });

/** Ejection of backends that are worse than their pool. */
export const outliersSchema = z
  .union([z.literal("off"), outliersObject])
  .prefault("off")
  .describe(
    "Ejects backends that do worse than the others of their pool with the clients' real connections; they get nothing new until the ejection is over.",
  );

/** When a backend stands out, and for how long it is ejected. */
export type OutlierOptions = Exclude<z.output<typeof outliersSchema>, "off">;
