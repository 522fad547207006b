import { isHashing } from "../affinity/index.ts";
import { balanceMeasures, balanceTraits } from "../balancing/index.ts";
import { isEverybody } from "./cidr.ts";
import { formatPath, formatProblem, type Issue, type Path, type Place } from "./problem.ts";
import { getIn } from "./tree.ts";
import type { Config, PoolConfig } from "./types.ts";
import { healthWarnings } from "./warnings-health.ts";
import { tunnelWarnings } from "./warnings-tunnels.ts";

/** Methods that go by something else than the number of tunnels let it differ by less than this between backends. */
const UNEVEN_TOLERANCE = 0.5;

/** What is allowed, but hardly what its author wants. One line each, with its place. */
export function warningsOf(
  config: Config,
  input: unknown,
  source: { readonly locate: (path: Path, atKey: boolean) => Place | undefined },
): string[] {
  const issues = [
    ...Object.values(config.pools).flatMap((pool) => poolWarnings(pool, config, input)),
    ...proxyWarnings(config),
    ...tunnelWarnings(config, input),
  ];
  return issues.map(({ path, message }) =>
    formatProblem({ place: source.locate(path, false), path: formatPath(path), message }),
  );
}

function poolWarnings(pool: PoolConfig, config: Config, input: unknown): Issue[] {
  const given = getIn(input, ["pools", pool.name]) !== undefined;
  const at = (key: string): Path =>
    given && getIn(input, ["pools", pool.name, key]) !== undefined ? ["pools", pool.name, key] : [key];
  const issues: Issue[] = [
    ...weightWarnings(pool, at),
    ...operatingWarnings(pool, at),
    ...healthWarnings(pool, at, input),
  ];
  if (pool.affinity.method === "cookie" && config.secret === undefined) {
    const message = `cookies of pool "${pool.name}" are keyed with a random secret, so they do not survive a restart and other instances do not know them; set secret`;
    issues.push({ path: at("affinity"), message });
  }
  const reached = config.defaultRoute?.pool === pool.name || config.routes.some((route) => route.pool === pool.name);
  if (!reached) {
    const message = "no route leads to this pool, and it is not the default one; it gets no traffic";
    issues.push({ path: given ? ["pools", pool.name] : ["backends"], message });
  }
  return issues;
}

function weightWarnings({ name, balance, backends, admission }: PoolConfig, at: (key: string) => Path): Issue[] {
  if (balanceTraits(balance).usesWeights) return [];
  const right = "choose weighted-round-robin or least-connections";
  const issues: Issue[] = [];
  if (backends.some(({ weight }) => weight !== 1)) {
    const message = `${balance.method} takes no notice of the weights of pool "${name}"; leave them out, or ${right}`;
    issues.push({ path: at("backends"), message });
  }
  if (admission.slowStart !== "off") {
    const message = `${balance.method} takes no notice of weights, so pool "${name}" has no slow start; leave slowStart out, or ${right}`;
    issues.push({ path: [...at("admission"), "slowStart"], message });
  }
  return issues;
}

function operatingWarnings({ name, backends, rebalance, ...pool }: PoolConfig, at: (key: string) => Path): Issue[] {
  const issues: Issue[] = [];
  if (backends.every(({ state }) => state === "draining")) {
    const message = `all backends of pool "${name}" are draining, so its clients are refused; leave one of them active`;
    issues.push({ path: at("backends"), message });
  }
  const hashes = [pool.balance, pool.affinity].find(isHashing);
  if (rebalance !== "off" && hashes !== undefined) {
    const message = `pool "${name}" hashes (${hashes.method}), and whoever came back would get the same backend, so nothing is rebalanced; leave rebalance out`;
    issues.push({ path: at("rebalance"), message });
  }
  if (rebalance !== "off" && rebalance.tolerance < UNEVEN_TOLERANCE) {
    const { activity, latency } = balanceMeasures(pool.balance);
    const needless = activity !== undefined && rebalance.evens === "tunnels" ? "evens" : undefined;
    if (needless !== undefined || latency !== undefined) {
      const message = `rebalance evens the number of tunnels of pool "${name}", and ${pool.balance.method} makes it uneven on purpose; leave ${needless ?? "rebalance"} out, or give it a tolerance of ${UNEVEN_TOLERANCE} or more`;
      issues.push({ path: at("rebalance"), message });
    }
  }
  return issues;
}

function proxyWarnings(config: Config): Issue[] {
  return config.trustedProxies.flatMap((cidr, index) =>
    isEverybody(cidr)
      ? [
          {
            path: ["trustedProxies", index],
            message: `${cidr} lets every client choose the address that it seems to come from; name your proxies only`,
          },
        ]
      : [],
  );
}
