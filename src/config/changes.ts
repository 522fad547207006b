import { isDeepStrictEqual } from "node:util";

import type { z } from "zod";

import { didYouMean, FairleadError } from "../base/index.ts";
import { readBackendUrl } from "./backend.ts";
import { unknownPool } from "./checks.ts";
import { validate } from "./issues.ts";
import { formatPath, InputError } from "./problem.ts";
import { backendChangeSchema, backendSchema } from "./schema-pool.ts";
import { freeze } from "./tree.ts";
import type { BackendConfig, Config, PoolConfig } from "./types.ts";

/** What can be said anew of a backend. */
export type BackendValues = Partial<Pick<BackendConfig, "weight" | "state" | "maxConnections">>;

/** What has become of one backend at run time. */
export type Alteration = {
  readonly pool: string;
  /** Its name. */
  readonly backend: string;
} & (
  | {
      readonly kind: "added";
      /** The whole of it; stands for the file's own where that has been removed before. */
      readonly entry: BackendConfig;
    }
  | {
      readonly kind: "changed";
      /** Only what is otherwise than in the file; never empty. */
      readonly values: BackendValues;
    }
  | { readonly kind: "removed" }
);

/** What has been changed at run time, as it lies over the file's configuration: plain data, at most one for each backend. */
export type Changes = readonly Alteration[];

/** The file as it is. */
export const NO_CHANGES: Changes = Object.freeze([]);

/**
 * Adds a backend to a pool.
 *
 * @param config the file's, without changes; so for all of these functions
 * @param input `{ url, weight, state, maxConnections }`, as a file has it in the long form
 * @throws FairleadError NOT_FOUND for the pool; InputError; CONFLICT when the pool has the backend already
 */
export function addBackend(changes: Changes, config: Config, pool: string, input: unknown): Changes {
  const { backends } = poolOf(applyChanges(config, changes), pool);
  const entry = valid(backendSchema, input);
  const backend = entry.name;
  if (backends.some(({ name }) => name === backend))
    throw new FairleadError("CONFLICT", `pool "${pool}" has ${backend} already; change it instead`);
  const isFiles = isDeepStrictEqual(entryOf(config, pool, backend), entry);
  return put(changes, pool, backend, isFiles ? undefined : { pool, backend, kind: "added", entry });
}

/**
 * Says something else of a backend; what is not said stays.
 *
 * @param name of the backend, or another spelling of its URL
 * @param input `{ weight, state, maxConnections }`, all optional
 * @throws FairleadError NOT_FOUND; InputError
 */
export function changeBackend(changes: Changes, config: Config, pool: string, name: string, input: unknown): Changes {
  const before = backendOf(applyChanges(config, changes), pool, name);
  const said = valid(backendChangeSchema, input);
  const { weight = before.weight, state = before.state, maxConnections = before.maxConnections } = said;
  const entry = { ...before, weight, state, ...(maxConnections !== undefined && { maxConnections }) };
  const backend = entry.name;
  const file = entryOf(config, pool, backend);
  if (isDeepStrictEqual(entry, file)) return put(changes, pool, backend, undefined);
  const isAdded = file === undefined || changes.some((one) => one.kind === "added" && isOf(one, pool, backend));
  const change = isAdded
    ? { kind: "added" as const, entry }
    : { kind: "changed" as const, values: valuesWhere(entry, (key) => entry[key] !== file[key]) };
  return put(changes, pool, backend, { pool, backend, ...change });
}

/**
 * Removes a backend.
 *
 * @param name of the backend, or another spelling of its URL
 * @throws FairleadError NOT_FOUND; CONFLICT for the last one of its pool
 */
export function removeBackend(changes: Changes, config: Config, pool: string, name: string): Changes {
  const effective = applyChanges(config, changes);
  const { name: backend } = backendOf(effective, pool, name);
  if (poolOf(effective, pool).backends.length === 1)
    throw new FairleadError("CONFLICT", `${backend} is the last backend of pool "${pool}"; add another one first`);
  const isFiles = entryOf(config, pool, backend) !== undefined;
  return put(changes, pool, backend, isFiles ? { pool, backend, kind: "removed" } : undefined);
}

/** The configuration in force: the file's with the changes over it. Pools without changes are the same objects. */
export function applyChanges(config: Config, changes: Changes): Config {
  if (changes.length === 0) return config;
  const pools = Object.entries(config.pools).map(([name, pool]): [string, PoolConfig] => {
    const own = changes.filter((one) => one.pool === name);
    return [name, own.length === 0 ? pool : { ...pool, backends: withChanges(pool.backends, own) }];
  });
  return freeze({ ...config, pools: Object.fromEntries(pools) });
}

/** The entry of a backend; undefined where there is none, or no such pool. */
export function entryOf(config: Config, pool: string, backend: string): BackendConfig | undefined {
  return Object.hasOwn(config.pools, pool)
    ? config.pools[pool]?.backends.find(({ name }) => name === backend)
    : undefined;
}

/** Those values that are said, and that are meant. */
export function valuesWhere(
  { weight, state, maxConnections }: BackendValues,
  isMeant: (key: keyof BackendValues) => boolean,
): BackendValues {
  return {
    ...(weight !== undefined && isMeant("weight") && { weight }),
    ...(state !== undefined && isMeant("state") && { state }),
    ...(maxConnections !== undefined && isMeant("maxConnections") && { maxConnections }),
  };
}

function withChanges(backends: readonly BackendConfig[], changes: Changes): readonly BackendConfig[] {
  const kept = backends.flatMap((entry) => {
    const change = changes.find(({ backend }) => backend === entry.name);
    if (change === undefined) return [entry];
    if (change.kind === "removed") return [];
    return [change.kind === "added" ? change.entry : { ...entry, ...change.values }];
  });
  const known = new Set(backends.map(({ name }) => name));
  return [...kept, ...changes.flatMap((one) => (one.kind === "added" && !known.has(one.backend) ? [one.entry] : []))];
}

function poolOf(config: Config, name: string): PoolConfig {
  const pool = Object.hasOwn(config.pools, name) ? config.pools[name] : undefined;
  if (pool === undefined) throw new FairleadError("NOT_FOUND", unknownPool(name, Object.keys(config.pools)));
  return pool;
}

function backendOf(config: Config, pool: string, written: string): BackendConfig {
  const { backends } = poolOf(config, pool);
  const reading = readBackendUrl(written);
  const name = "value" in reading ? reading.value.name : written;
  const found = backends.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = backends.map((one) => one.name);
  const meant = didYouMean(name, names);
  const right = meant === undefined ? `its backends are: ${names.join(", ")}` : `did you mean ${meant}?`;
  throw new FairleadError("NOT_FOUND", `pool "${pool}" has no backend ${name}; ${right}`);
}

function valid<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = validate(schema, input);
  if ("data" in result) return result.data;
  throw new InputError(result.issues.map(({ path, message }) => ({ path: formatPath(path), message })));
}

function isOf(change: Alteration, pool: string, backend: string): boolean {
  return change.pool === pool && change.backend === backend;
}

function put(changes: Changes, pool: string, backend: string, change: Alteration | undefined): Changes {
  const others = changes.filter((one) => !isOf(one, pool, backend));
  return freeze(change === undefined ? others : [...others, change]);
}
