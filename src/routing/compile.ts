import { headerValues, parseAuthority, type RawHeaders, type RequestFacts } from "../http/index.ts";
import type { RouteMatch } from "./match.ts";

/** What a route sees of a request. */
export type RoutedFacts = Pick<RequestFacts, "host" | "path" | "headers">;

type HeaderTest = (headers: RawHeaders) => boolean;

/** A route made ready: conditions as functions, and where it stands among others. */
export interface CompiledRoute {
  /** Its place in the list that was given. */
  readonly index: number;
  /** Exact host in lower case; undefined for wildcards and every host. */
  readonly host: string | undefined;
  /** What a host must end with, dot included; undefined unless the host is a wildcard. */
  readonly suffix: string | undefined;
  readonly takesPath: (path: string) => boolean;
  readonly headerTests: readonly HeaderTest[];
  /** The larger, the more specific; compared from the left. */
  readonly rank: readonly number[];
}

const exactRank = 3;
const regexRank = 2;
const prefixRank = 1;
const exactHostRank = Infinity;

/** Prepares a route; `match` has been validated, so that its regular expressions compile. */
export function compileRoute(match: RouteMatch, index: number): CompiledRoute {
  const wildcard = match.host?.startsWith("*.") === true;
  const host = match.host === undefined ? undefined : parseAuthority(match.host.slice(wildcard ? 2 : 0))?.host;
  const path = compilePath(match.path);
  const headerTests = Object.entries(match.headers ?? {}).map(compileHeader);
  const suffix = wildcard ? `.${host}` : undefined;
  const hostRank = host === undefined ? 0 : (suffix?.length ?? exactHostRank);
  return {
    index,
    host: wildcard ? undefined : host,
    suffix,
    takesPath: path.takes,
    headerTests,
    rank: [hostRank, path.kind, path.length, headerTests.length],
  };
}

/** Orders routes for `sort`: the most specific first, equals as they were given. */
export function compareRoutes(a: CompiledRoute, b: CompiledRoute): number {
  const at = a.rank.findIndex((value, position) => value !== b.rank[position]);
  return at === -1 ? a.index - b.index : (b.rank[at] ?? 0) - (a.rank[at] ?? 0);
}

interface CompiledPath {
  readonly takes: (path: string) => boolean;
  readonly kind: number;
  /** Length of a prefix; longer ones are more specific. */
  readonly length: number;
}

function compilePath(path: RouteMatch["path"]): CompiledPath {
  if (path === undefined) {
    return { takes: () => true, kind: 0, length: 0 };
  }
  if (typeof path === "string") {
    return compilePrefix(path);
  }
  if ("exact" in path) {
    const { exact } = path;
    return { takes: (text) => text === exact, kind: exactRank, length: 0 };
  }
  if ("regex" in path) {
    const expression = new RegExp(path.regex);
    return { takes: (text) => expression.test(text), kind: regexRank, length: 0 };
  }
  return compilePrefix(path.prefix);
}

const slash = 47;

function compilePrefix(written: string): CompiledPath {
  // Without the slash at its end, "/chat/" and "/chat" are one prefix, and "/" is the empty one.
  const prefix = written.endsWith("/") ? written.slice(0, -1) : written;
  const { length } = prefix;
  return {
    takes: (text) => text.startsWith(prefix) && (text.length === length || text.charCodeAt(length) === slash),
    kind: prefixRank,
    length,
  };
}

function compileHeader([name, condition]: [string, NonNullable<RouteMatch["headers"]>[string]]): HeaderTest {
  if (typeof condition === "string") {
    return (headers) => headerValues(headers, name).includes(condition);
  }
  if ("regex" in condition) {
    const expression = new RegExp(condition.regex);
    return (headers) => headerValues(headers, name).some((value) => expression.test(value));
  }
  return (headers) => headerValues(headers, name).length > 0;
}
