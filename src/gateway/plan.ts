import { isDeepStrictEqual } from "node:util";

import type { Config, DefaultRouteConfig, PoolConfig, RouteConfig } from "../config/index.ts";
import { headerValues, trustedProxies } from "../http/index.ts";
import type { IsTrusted, RequestFacts } from "../http/index.ts";
import { Pool } from "../pool/index.ts";
import type { PoolWorld } from "../pool/index.ts";
import { createOriginCheck, createRouter } from "../routing/index.ts";
import type { OriginCheck, Router } from "../routing/index.ts";

import { createUpstream } from "./upstream.ts";
import type { Upstream } from "./upstream.ts";

/** A pool with the ways to its backends. */
export interface PoolEntry {
  readonly pool: Pool;
  readonly upstream: Upstream;
}

/** What a plan is made with. */
export interface PlanWorld extends PoolWorld {
  /** Key of affinity cookies. */
  readonly secret: string;
}

/**
 * What one configuration has a gateway do. A reload puts another one in its place in one step; pools are handed on, so that
 * what is known of backends lives on.
 */
export class Plan {
  readonly config: Config;
  readonly isTrusted: IsTrusted;
  readonly entries: ReadonlyMap<string, PoolEntry>;

  private readonly router: Router;
  private readonly originChecks: ReadonlyMap<RouteConfig | DefaultRouteConfig, OriginCheck>;

  /**
   * @param before the plan that this one is to replace
   * @param pools those that there are; they go by this configuration from now on
   */
  constructor(config: Config, before: Plan | undefined, pools: ReadonlyMap<string, Pool>, world: PlanWorld) {
    this.config = config;
    this.isTrusted = trustedProxies(config.trustedProxies);
    this.router = createRouter(config.routes);
    const routes = config.defaultRoute === undefined ? config.routes : [...config.routes, config.defaultRoute];
    this.originChecks = new Map(routes.map((route) => [route, createOriginCheck(route.origins)]));
    this.entries = new Map(
      Object.values(config.pools).map((pool) => [
        pool.name,
        { upstream: upstreamOf(pool, config, before), pool: poolOf(pool, pools, world) },
      ]),
    );
  }

  /** The route that takes a request; undefined when none does. */
  routeFor(facts: RequestFacts): RouteConfig | DefaultRouteConfig | undefined {
    return this.config.routes[this.router(facts)] ?? this.config.defaultRoute;
  }

  /** Whether a page of this origin may open a socket here. Of several Origin headers each has to be one that may. */
  takesOrigin(route: RouteConfig | DefaultRouteConfig, facts: RequestFacts): boolean {
    const takes = this.originChecks.get(route);
    return headerValues(facts.headers, "origin").every((origin) => takes?.(origin) === true);
  }

  /** Lets go of what a newer plan does not go on with; what is under way ends by itself. */
  giveWayTo(next: Plan): void {
    for (const [name, { pool, upstream }] of this.entries) {
      const entry = next.entries.get(name);
      if (entry === undefined) pool.retire();
      upstream.keep(entry?.upstream === upstream ? pool.config.backends : []);
    }
  }

  entry(name: string): PoolEntry {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new RangeError(`there is no pool ${name}`);
    return entry;
  }
}

function poolOf(config: PoolConfig, pools: ReadonlyMap<string, Pool>, world: PlanWorld): Pool {
  const pool = pools.get(config.name);
  if (pool === undefined) return new Pool(config, world.secret, world);
  pool.update(config, world.secret);
  return pool;
}

/** The one that there is, where connections are to be made in the same way. */
function upstreamOf(pool: PoolConfig, { limits }: Config, before: Plan | undefined): Upstream {
  const old = before?.config.pools[pool.name];
  const entry = before?.entries.get(pool.name);
  const silence = limits.responseTimeout;
  const isSame =
    silence === before?.config.limits.responseTimeout &&
    isDeepStrictEqual([old?.tls, old?.dial], [pool.tls, pool.dial]);
  return isSame && entry !== undefined ? entry.upstream : createUpstream(pool, silence);
}
