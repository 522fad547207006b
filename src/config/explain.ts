import { Document, isScalar } from "yaml";

import { affinitySchema } from "../affinity/index.ts";
import { balanceSchema } from "../balancing/index.ts";
import { formatDuration } from "../base/index.ts";
import { healthSchema } from "../health/index.ts";
import { formatAddress } from "./address.ts";
import { escapeReferences } from "./expand.ts";
import { humanise } from "./humanise.ts";
import type { Path } from "./problem.ts";
import { poolSchema } from "./schema-pool.ts";
import { tunnelSchema } from "./schema-tunnel.ts";
import { configSchema } from "./schema.ts";
import type { AdminConfig, CertificateConfig, Config, ListenerConfig, PoolConfig, PoolTls } from "./types.ts";

/** A text that must not be shown; a reference to a variable stands in its place. */
interface Hidden {
  readonly path: Path;
  readonly variable: string;
}

/**
 * Writes the effective configuration as YAML that can be read again: every default filled in, durations and sizes as
 * people write them. Secrets, keys that were given as text and headers of probes are not shown: in their place stands the variable that
 * would have to hold them.
 */
export function explainConfig(config: Config): string {
  const hidden = hiddenTexts(config);
  const document = new Document(escapeAll(fileForm(config)));
  for (const { path, variable } of hidden) {
    const node = document.createNode(`\${${variable}}`);
    if (isScalar(node)) node.comment = ` set, and not shown; read again, it comes from this variable`;
    document.setIn(path, node);
  }
  return document.toString({ lineWidth: 0 });
}

function fileForm(config: Config): object {
  const { admin, workers, socketDriver, drain, drainDelay, watch, secret, trustedProxies, log, limits, defaultRoute } =
    config;
  return {
    listen: config.listeners.map(listenerForm),
    admin: admin === "off" ? admin : adminForm(admin),
    workers,
    socketDriver,
    drain: formatDuration(drain),
    drainDelay: formatDuration(drainDelay),
    watch,
    ...(secret !== undefined && { secret }),
    trustedProxies,
    log: humanise(log, configSchema.shape.log),
    limits: humanise(limits, configSchema.shape.limits),
    ...(defaultRoute !== undefined && {
      origins: defaultRoute.origins,
      tunnel: humanise(defaultRoute.tunnel, tunnelSchema),
    }),
    pools: Object.fromEntries(Object.entries(config.pools).map(([name, pool]) => [name, poolForm(pool)])),
    routes: config.routes.map((route) => ({ ...route, tunnel: humanise(route.tunnel, tunnelSchema) })),
    ...(defaultRoute !== undefined && { defaultPool: defaultRoute.pool }),
  };
}

/** The admin API's listener as people write it. */
export function adminForm({ token, hosts, ...address }: AdminConfig): object {
  return { address: formatAddress(address), ...(token !== undefined && { token }), hosts };
}

function listenerForm({ name, tls }: ListenerConfig): object | string {
  if (tls === undefined) return name;
  const certificates = tls.certificates.map(({ cert, key, certFile, keyFile, hosts }) => ({
    cert: certFile ?? cert,
    key: keyFile ?? key,
    hosts,
  }));
  return { address: name, tls: { certificates, minVersion: tls.minVersion } };
}

/** A pool as people write it. */
export function poolForm(pool: PoolConfig): Readonly<Record<keyof Omit<PoolConfig, "name">, unknown>> {
  return {
    backends: pool.backends.map(({ name, weight, state, maxConnections }) => ({
      url: name,
      weight,
      state,
      ...(maxConnections !== undefined && { maxConnections }),
    })),
    balance: humanise(pool.balance, balanceSchema),
    affinity: humanise(pool.affinity, affinitySchema),
    tls: poolTlsForm(pool.tls),
    dial: humanise(pool.dial, poolSchema.shape.dial),
    health: humanise(pool.health, healthSchema),
    admission: humanise(pool.admission, poolSchema.shape.admission),
    drain: humanise(pool.drain, poolSchema.shape.drain),
    rebalance: humanise(pool.rebalance, poolSchema.shape.rebalance),
  };
}

function poolTlsForm({ ca, caFile, verify, servername }: PoolTls): object {
  const authority = caFile ?? ca;
  return {
    ...(authority !== undefined && { ca: authority }),
    verify,
    ...(servername !== undefined && { servername }),
  };
}

function hiddenTexts(config: Config): Hidden[] {
  const keys = config.listeners.flatMap((listener, index) =>
    (listener.tls?.certificates ?? []).flatMap((certificate: CertificateConfig, position): Hidden[] =>
      certificate.keyFile === undefined
        ? [
            {
              path: ["listen", index, "tls", "certificates", position, "key"],
              variable: `TLS_KEY_${index + 1}_${position + 1}`,
            },
          ]
        : [],
    ),
  );
  const headers = Object.values(config.pools).flatMap(({ name, health: { active } }, index): Hidden[] =>
    active === "off" || active.kind === "tcp"
      ? []
      : Object.keys(active.headers).map((header, position) => ({
          path: ["pools", name, "health", "active", "headers", header],
          variable: `PROBE_HEADER_${index + 1}_${position + 1}`,
        })),
  );
  const { secret, admin } = config;
  return [
    ...(secret === undefined ? [] : [{ path: ["secret"], variable: "FAIRLEAD_SECRET" }]),
    ...(admin === "off" || admin.token === undefined
      ? []
      : [{ path: ["admin", "token"], variable: "FAIRLEAD_ADMIN_TOKEN" }]),
    ...keys,
    ...headers,
  ];
}

/** What looks like a reference in a value was meant as it stands. */
function escapeAll(value: unknown): unknown {
  if (typeof value === "string") return escapeReferences(value);
  if (Array.isArray(value)) return value.map(escapeAll);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escapeAll(inner)]));
}
