import { didYouMean, FairleadError } from "../base/index.ts";
import type { AdminClient } from "./admin-client.ts";
import { type BackendView, type StatusView, statusSchema } from "./admin-shapes.ts";

/** A backend of a pool. */
export interface Target {
  readonly pool: string;
  readonly backend: BackendView;
}

/** The pools of a status. */
export type PoolsView = Pick<StatusView, "pools">;

/** Looks at the instance, and finds the backend that is meant. @throws FairleadError USAGE, see {@link findBackend} */
export async function askForBackend(client: AdminClient, text: string, pool: string | undefined): Promise<Target> {
  return findBackend(await client.read(statusSchema, ["status"]), text, pool);
}

/**
 * Finds the backend that is meant by its name or a part of it: `ws://10.0.0.1:8001`, `10.0.0.1:8001` or `:8001`. The
 * longest form that fits any backend counts.
 *
 * @throws FairleadError USAGE when none is meant, or several are; it lists them
 */
function findBackend(status: PoolsView, text: string, pool: string | undefined): Target {
  const named = pool === undefined ? undefined : findPool(status, pool);
  const pools = status.pools.filter(({ name }) => named === undefined || name === named);
  const all = pools.flatMap(({ name, backends }) => backends.map((backend) => ({ pool: name, backend })));
  const forms = [sameName, sameHost, samePort];
  const found = forms.map((fits) => all.filter(({ backend }) => fits(backend.name, text))).find(({ length }) => length);
  const [only, ...others] = found ?? [];
  if (only === undefined) throw unknownBackend(text, all);
  if (others.length === 0) return only;
  const list = [only, ...others].map(describe).join(", ");
  const severalPools = others.every(({ backend }) => backend.name === only.backend.name);
  const advice = severalPools ? "say which by --pool" : "write more of its name";
  throw new FairleadError("USAGE", `"${text}" may be any of ${list}; ${advice}`);
}

/** The pool that is meant; without a name the only one. @throws FairleadError USAGE when there is none, or are several */
export function findPool({ pools }: PoolsView, name: string | undefined): string {
  const names = pools.map((pool) => pool.name);
  const [only] = names;
  if (name === undefined && only !== undefined && names.length === 1) return only;
  if (name !== undefined && names.includes(name)) return name;
  if (name === undefined)
    throw new FairleadError("USAGE", `there are the pools ${names.join(", ")}; say which by --pool`);
  const meant = didYouMean(name, names);
  const right = meant === undefined ? `there are ${names.join(", ")}` : `did you mean "${meant}"?`;
  throw new FairleadError("USAGE", `no pool is called "${name}"; ${right}`);
}

function unknownBackend(text: string, all: readonly Target[]): FairleadError {
  const right = all.length === 0 ? "there are none" : `there are ${all.map(describe).join(", ")}`;
  return new FairleadError("USAGE", `no backend is called "${text}"; ${right}`);
}

function describe({ pool, backend }: Target): string {
  return `${backend.name} of pool ${pool}`;
}

/** Names are kept with `ws` and without a slash; people may have written the same otherwise. */
function sameName(name: string, text: string): boolean {
  return name === text || simplify(name) === simplify(text);
}

function simplify(url: string): string {
  return url
    .toLowerCase()
    .replace(/^http/, "ws")
    .replace(/^(ws:\/\/.*):80$|^(wss:\/\/.*):443$/, "$1$2")
    .replace(/\/$/, "");
}

function sameHost(name: string, text: string): boolean {
  return name.toLowerCase().endsWith(`://${text.toLowerCase()}`);
}

function samePort(name: string, text: string): boolean {
  return /^:?\d+$/.test(text) && name.endsWith(text.startsWith(":") ? text : `:${text}`);
}
