import { compareRoutes, type CompiledRoute, compileRoute, type RoutedFacts } from "./compile.ts";
import type { RouteMatch } from "./match.ts";

/** Gives the place of the route that takes a request, in the list the router was made from; -1 when none does. */
export type Router = (facts: RoutedFacts) => number;

/**
 * Compiles routes once; a request is then matched without allocation, header conditions aside.
 *
 * Most specific first: exact host, longer wildcard, every host; then exact path, regular expression, longer prefix, every
 * path; then more header conditions; then order of appearance.
 */
export function createRouter(routes: readonly { readonly match: RouteMatch }[]): Router {
  const ordered = routes.map(({ match }, index) => compileRoute(match, index)).toSorted(compareRoutes);
  const anyHost = ordered.filter(({ host }) => host === undefined);
  const byHost = new Map<string, readonly CompiledRoute[]>();
  for (const { host } of ordered) {
    if (host !== undefined && !byHost.has(host)) {
      byHost.set(
        host,
        ordered.filter((route) => route.host === host || (route.host === undefined && takesHost(route, host))),
      );
    }
  }
  return (facts) => {
    const known = facts.host === undefined ? undefined : byHost.get(facts.host);
    return firstMatch(known ?? anyHost, facts);
  };
}

function firstMatch(routes: readonly CompiledRoute[], facts: RoutedFacts): number {
  for (const route of routes) {
    if (takesHost(route, facts.host) && route.takesPath(facts.path) && takesHeaders(route, facts)) {
      return route.index;
    }
  }
  return -1;
}

/** Whether a wildcard, or no condition at all, takes the host; exact hosts have been looked up. */
function takesHost({ suffix }: CompiledRoute, host: string | undefined): boolean {
  return suffix === undefined || (host !== undefined && host.length > suffix.length && host.endsWith(suffix));
}

function takesHeaders({ headerTests }: CompiledRoute, { headers }: RoutedFacts): boolean {
  for (const test of headerTests) {
    if (!test(headers)) {
      return false;
    }
  }
  return true;
}
