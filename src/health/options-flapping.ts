import { z } from "zod";
import { durationField } from "../base/index.ts";

const MAX_PENALTY = 1000;
const LIMIT = 3;
const REUSE = 1.5;

const flappingObject = z
  .strictObject({
    limit: z
      .number()
      .min(1)
      .max(MAX_PENALTY)
      .prefault(LIMIT)
      .describe(
        "Penalty above which a backend is held back. Each time that it becomes unhealthy or is ejected adds 1.",
      ),
    reuse: z.number().gt(0).max(MAX_PENALTY).prefault(REUSE).describe("Penalty below which it is let go again."),
    halfLife: durationField({ min: 100 }).prefault("2m").describe("Time in which a penalty decays to its half."),
    maxHold: durationField().prefault("5m").describe("How long a backend is held back at most."),
  })
  .superRefine(({ limit, reuse }, context) => {
    if (reuse < limit) return;
    const message = `limit (${valueText(limit, LIMIT)}) must be above reuse (${valueText(reuse, REUSE)}); a backend would be let go before it is held back`;
    context.addIssue({ code: "custom", message });
  });

/** Either may be what was not written. */
function valueText(value: number, byDefault: number): string {
  return value === byDefault ? `${value} by default` : `${value}`;
}

/** Damping of backends that come and go. */
export const flappingSchema = z
  .union([z.literal("off"), flappingObject])
  .prefault({})
  .describe(
    "Holds a backend back that becomes ill again and again, as RFC 2439 does with routes. The last one of a pool is never held back.",
  );
