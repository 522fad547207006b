import type { z } from "zod";

import { readBackendUrl } from "./backend.ts";
import { validate } from "./issues.ts";
import { formatPath, InputError } from "./problem.ts";
import { drainSchema, REBALANCE_DEFAULTS, rebalanceObject } from "./schema-operate.ts";
import type { DrainOptions, RebalanceOptions } from "./types.ts";

/**
 * The terms of one drain: the pool's own, and over them what somebody wants for this one.
 *
 * @param input `{ rate, jitter, waitIdle, deadline }`, all optional, as a file would say them
 * @throws InputError
 */
export function drainTerms(own: DrainOptions, input: object): DrainOptions {
  return valid(drainSchema, { ...own, ...said(input) });
}

/**
 * The terms of one rebalance: the pool's own, else the defaults, and over them what somebody wants for this one.
 *
 * @param input `{ perMinute, minAge, tolerance, interval, evens }`, all optional, as a file would say them
 * @throws InputError
 */
export function rebalanceTerms(own: RebalanceOptions | "off", input: object): RebalanceOptions {
  return valid(rebalanceObject, { ...(own === "off" ? REBALANCE_DEFAULTS : own), ...said(input) });
}

/** The name of a backend, by whatever spelling of its URL; what is no URL stays as it is. */
export function backendName(written: string): string {
  const reading = readBackendUrl(written);
  return "value" in reading ? reading.value.name : written;
}

/** @throws InputError */
export function valid<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = validate(schema, input);
  if ("data" in result) return result.data;
  throw new InputError(result.issues.map(({ path, message }) => ({ path: formatPath(path), message })));
}

function said(input: object): object {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
