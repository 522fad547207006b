import type { Config } from "../config/index.ts";
import { describeMatch } from "../routing/index.ts";

import type { RouteInfo } from "./source.ts";

/** The routes of a configuration as the admin API shows them. */
export function routesOf({ routes, defaultRoute }: Config): readonly RouteInfo[] {
  const matching = routes.map(({ name, pool, match, origins }) => ({
    name,
    pool,
    match: describeMatch(match),
    origins,
  }));
  if (defaultRoute === undefined) return matching;
  const { name, pool, origins } = defaultRoute;
  return [...matching, { name, pool, match: null, origins }];
}
