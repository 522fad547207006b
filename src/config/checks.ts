import { didYouMean } from "../base/index.ts";
import { DEFAULT_ADMIN, DEFAULT_LISTEN, formatAddress, isLoopback, readAddress } from "./address.ts";
import { readBackendUrl } from "./backend.ts";
import type { Issue, Path } from "./problem.ts";
import { list, record } from "./tree.ts";
import type { Address } from "./types.ts";

/** A key that the schema cannot see, since validated objects leave it out. */
const PROTOTYPE = "__proto__";

/**
 * What one part of a configuration says about another. These checks look at what was written, not at what the schema
 * made of it, so that they are told together with the schema's own findings; whatever has a wrong form they pass over.
 */
export function crossCheck(input: unknown): Issue[] {
  const root = record(input);
  if (input === null || typeof input !== "object" || Array.isArray(input)) return [];
  const pools = poolNames(root);
  return [
    ...backendIssues(root, pools),
    ...listenIssues(root),
    ...poolReferenceIssues(root, pools),
    ...routeNameIssues(root),
  ];
}

/** The name of the pool for requests that no route matches; undefined when there is none. */
export function defaultPoolName(input: unknown): string | undefined {
  const root = record(input);
  if (typeof root["defaultPool"] === "string") return root["defaultPool"];
  const pools = poolNames(root);
  return pools.includes("default") ? "default" : pools.length === 1 ? pools[0] : undefined;
}

/** The names of all pools, the shorthand's included. */
export function poolNames(input: unknown): readonly string[] {
  const root = record(input);
  const names = Object.keys(record(root["pools"]));
  return root["backends"] === undefined || names.includes("default") ? names : ["default", ...names];
}

function backendIssues(root: Record<string, unknown>, pools: readonly string[]): Issue[] {
  const named = Object.entries(record(root["pools"]));
  const issues = named.flatMap(([name, pool]) =>
    duplicateBackends(record(pool)["backends"], ["pools", name, "backends"]),
  );
  issues.push(...duplicateBackends(root["backends"], ["backends"]));
  if (pools.length === 0 && !Array.isArray(root["pools"])) {
    issues.push({
      path: [],
      message: "there is no backend; give at least one, such as backends: [ws://127.0.0.1:8000]",
    });
  }
  if (pools.includes(PROTOTYPE)) {
    issues.push({ path: ["pools", PROTOTYPE], message: "this name is JavaScript's own; choose another", atKey: true });
  }
  if (root["backends"] !== undefined && named.some(([name]) => name === "default")) {
    const message = 'this is a shorthand for the pool "default", which is given under pools as well; keep one of them';
    issues.push({ path: ["backends"], message, atKey: true });
  }
  return issues;
}

function duplicateBackends(input: unknown, path: Path): Issue[] {
  return duplicates(list(input), (entry) => {
    const url = typeof entry === "string" ? entry : record(entry)["url"];
    const result = typeof url === "string" ? readBackendUrl(url) : undefined;
    return result !== undefined && "value" in result ? result.value.name : undefined;
  }).map(({ index, first, same }) => ({
    path: [...path, index],
    message: `${same} is already backend ${first + 1} of this pool; list it once, with a weight if it should get more`,
  }));
}

function listenIssues(root: Record<string, unknown>): Issue[] {
  const { listen } = root;
  const entries = Array.isArray(listen) ? list(listen) : [listen ?? DEFAULT_LISTEN];
  const twice = duplicates(entries, (entry) => {
    const address = writtenAddress(entry);
    return address === undefined ? undefined : formatAddress(address);
  }).map(({ index, first, same }) => ({
    path: ["listen", index],
    message: `${same} is already listener ${first + 1}; list each address once`,
  }));
  return [...twice, ...adminIssues(root, entries), ...exposureIssues(root["admin"])];
}

function adminIssues(root: Record<string, unknown>, listeners: readonly unknown[]): Issue[] {
  const admin = writtenAddress(root["admin"] ?? DEFAULT_ADMIN);
  const rival = listeners
    .map(writtenAddress)
    .find((one) => one !== undefined && admin !== undefined && clash(one, admin));
  if (admin === undefined || rival === undefined) return [];
  const message = `the admin API (${formatAddress(admin)}) and clients (${formatAddress(rival)}) cannot share port ${admin.port}; give admin another port, or "off"`;
  return [{ path: ["admin"], message }];
}

/** Whoever can connect to the admin API without a token can end every tunnel. */
function exposureIssues(admin: unknown): Issue[] {
  const address = readEntry(admin);
  if (address === undefined || isLoopback(address.host) || record(admin)["token"] !== undefined) return [];
  const local = formatAddress({ ...address, host: "127.0.0.1" });
  const message = `other machines can connect to ${formatAddress(address)}, so the admin API needs a token there; give admin: { address, token }, or FAIRLEAD_ADMIN_TOKEN, or an address of this machine alone, such as ${local}`;
  return [{ path: typeof admin === "object" ? ["admin", "address"] : ["admin"], message }];
}

/** An address of an entry; undefined where it is none, or may be used twice because the system chooses its port. */
function writtenAddress(entry: unknown): Address | undefined {
  const address = readEntry(entry);
  return address?.port === 0 ? undefined : address;
}

/** The address of a listener, in either form; undefined where it is none. */
function readEntry(entry: unknown): Address | undefined {
  const written = typeof entry === "object" ? record(entry)["address"] : entry;
  if (typeof written !== "string" && typeof written !== "number") return undefined;
  const result = readAddress(String(written));
  return "value" in result ? result.value : undefined;
}

/** Whether the system refuses to listen on both: a port on all addresses is also a port on each. */
function clash(one: Address, other: Address): boolean {
  const everywhere = [one.host, other.host].some((host) => host === "0.0.0.0" || host === "::");
  return one.port === other.port && (everywhere || one.host === other.host);
}

function poolReferenceIssues(root: Record<string, unknown>, pools: readonly string[]): Issue[] {
  const references: [Path, unknown][] = list(root["routes"]).map((route, index) => [
    ["routes", index, "pool"],
    record(route)["pool"],
  ]);
  references.push([["defaultPool"], root["defaultPool"]]);
  return references.flatMap(([path, name]) =>
    typeof name !== "string" || pools.includes(name) ? [] : [{ path, message: unknownPool(name, pools) }],
  );
}

/** There is no such pool; which may have been meant. */
export function unknownPool(name: string, pools: readonly string[]): string {
  const meant = didYouMean(name, pools);
  if (meant !== undefined) return `there is no pool "${name}"; did you mean "${meant}"?`;
  return `there is no pool "${name}"; ${pools.length === 0 ? "no pools are given" : `the pools are: ${pools.join(", ")}`}`;
}

function routeNameIssues(root: Record<string, unknown>): Issue[] {
  const routes = list(root["routes"]);
  const nameOf = (route: unknown): string | undefined => {
    const { name } = record(route);
    return typeof name === "string" ? name : undefined;
  };
  const reserved = routes.flatMap((route, index) =>
    nameOf(route) === "default"
      ? [
          {
            path: ["routes", index, "name"],
            message: '"default" is the route of requests that no other matches; choose another name',
          },
        ]
      : [],
  );
  const twice = duplicates(routes, nameOf).map(({ index, first, same }) => ({
    path: ["routes", index, "name"],
    message: `"${same}" is already the name of route ${first + 1}; names are unique`,
  }));
  return [...reserved, ...twice];
}

interface Duplicate {
  readonly index: number;
  readonly first: number;
  readonly same: string;
}

function duplicates(entries: readonly unknown[], identity: (entry: unknown) => string | undefined): Duplicate[] {
  const seen = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    const same = identity(entry);
    if (same === undefined) return [];
    const first = seen.get(same);
    if (first !== undefined) return [{ index, first, same }];
    seen.set(same, index);
    return [];
  });
}
