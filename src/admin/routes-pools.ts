import { FairleadError } from "../base/index.ts";
import type { BackendStatus, PoolStatus } from "../metrics/index.ts";

import { backendChangeSchema, backendInputSchema } from "./inputs.ts";
import { NO_QUERY, plainRoute, route } from "./route.ts";
import type { Route } from "./route.ts";
import { backendsSchema, backendStatusSchema, poolsSchema, poolStatusSchema, removedSchema } from "./schemas.ts";
import type { AdminSource } from "./source.ts";

const POOLS = "/api/v1/pools";
const POOL = `${POOLS}/{pool}`;
const BACKENDS = `${POOL}/backends`;
const BACKEND = `${BACKENDS}/{backend}`;

/** Pools and their backends. */
export const POOL_ROUTES: readonly Route[] = [
  plainRoute("GET", POOLS, {
    summary: "All pools with their backends.",
    output: poolsSchema,
    handle: async (source) => ({ json: (await source.status()).pools }),
  }),
  plainRoute("GET", POOL, {
    summary: "One pool.",
    output: poolStatusSchema,
    errors: [404],
    handle: async (source, { param }) => ({ json: await poolOf(source, param("pool")) }),
  }),
  plainRoute("GET", BACKENDS, {
    summary: "The backends of a pool.",
    output: backendsSchema,
    errors: [404],
    handle: async (source, { param }) => ({ json: (await poolOf(source, param("pool"))).backends }),
  }),
  route("POST", BACKENDS, {
    summary: "Adds a backend to a pool.",
    query: NO_QUERY,
    input: backendInputSchema,
    status: 201,
    output: backendStatusSchema,
    errors: [404, 409],
    async handle(source, { param, input }) {
      const pool = param("pool");
      const added = await source.addBackend(pool, input);
      const location = `${POOLS}/${encodeURIComponent(pool)}/backends/${encodeURIComponent(added.name)}`;
      return { json: added, headers: { Location: location } };
    },
  }),
  plainRoute("GET", BACKEND, {
    summary: "One backend.",
    output: backendStatusSchema,
    errors: [404],
    handle: async (source, { param }) => ({ json: await backendOf(source, param("pool"), param("backend")) }),
  }),
  route("PATCH", BACKEND, {
    summary: "Changes a backend: its weight, its state, how many connections it may have.",
    query: NO_QUERY,
    input: backendChangeSchema,
    output: backendStatusSchema,
    errors: [404, 409],
    handle: async (source, { param, input }) => ({
      json: await source.changeBackend(param("pool"), param("backend"), input),
    }),
  }),
  plainRoute("DELETE", BACKEND, {
    summary:
      "Removes a backend; its tunnels are ended, or re-homed, at the pool's pace. Gives that drain, or null without tunnels.",
    output: removedSchema,
    errors: [404, 409],
    handle: async (source, { param }) => ({ json: await source.removeBackend(param("pool"), param("backend")) }),
  }),
];

async function poolOf(source: AdminSource, name: string): Promise<PoolStatus> {
  const { pools } = await source.status();
  const pool = pools.find((one) => one.name === name);
  return pool ?? missing("pool", name, pools);
}

async function backendOf(source: AdminSource, pool: string, name: string): Promise<BackendStatus> {
  const { backends } = await poolOf(source, pool);
  return backends.find((one) => one.name === name) ?? missing("backend", name, backends);
}

function missing(what: string, name: string, known: readonly { readonly name: string }[]): never {
  const names = known.map((one) => one.name).join(", ");
  throw new FairleadError("NOT_FOUND", `There is no ${what} ${JSON.stringify(name)}; there are ${names}.`);
}
