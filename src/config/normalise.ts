import { formatAddress } from "./address.ts";
import type { Materials } from "./material.ts";
import { barePoolSchema } from "./schema-pool.ts";
import { REHOME_DEFAULTS } from "./schema-rehome.ts";
import { HEARTBEAT_DEFAULTS } from "./schema-tunnel.ts";
import type { ParsedConfig } from "./schema.ts";
import { freeze } from "./tree.ts";
import type { CertificateConfig, Config, ListenerConfig, PoolConfig, PoolTls, TunnelOptions } from "./types.ts";

type ParsedListener = ParsedConfig["listen"][number];
type ParsedPool = ParsedConfig["pools"][string];
type ParsedTunnel = ParsedConfig["routes"][number]["tunnel"];

/**
 * Puts a validated configuration into its one normal form: the shorthand pool among the others, each pool and route
 * complete in itself, files read.
 *
 * @param defaultPool name of the pool for requests that no route matches
 */
export function normalise(parsed: ParsedConfig, defaultPool: string | undefined, materials: Materials): Config {
  const { workers, socketDriver, drain, drainDelay, watch, secret, trustedProxies, log, limits, origins, tunnel } =
    parsed;
  return freeze({
    listeners: parsed.listen.map((listener) => listenerOf(listener, materials)),
    admin: adminOf(parsed.admin),
    workers,
    socketDriver,
    drain,
    drainDelay,
    watch,
    ...(secret !== undefined && { secret }),
    trustedProxies,
    log,
    limits,
    pools: poolsOf(parsed, materials),
    routes: parsed.routes.map(({ name, match, pool, ...route }) => ({
      name,
      match,
      pool,
      origins: route.origins ?? origins,
      tunnel: tunnelOf(tunnel, route.tunnel),
    })),
    ...(defaultPool !== undefined && {
      defaultRoute: { name: "default" as const, pool: defaultPool, origins, tunnel },
    }),
  });
}

function adminOf(admin: ParsedConfig["admin"]): Config["admin"] {
  if (admin === "off") return admin;
  const token = "token" in admin ? admin.token : undefined;
  const hosts = admin.hosts.map((host) => host.toLowerCase());
  return { ...admin.address, ...(token !== undefined && { token }), hosts };
}

function listenerOf(listener: ParsedListener, materials: Materials): ListenerConfig {
  const tls = "tls" in listener ? listener.tls : undefined;
  return {
    name: formatAddress(listener.address),
    ...listener.address,
    ...(tls !== undefined && {
      tls: { ...tls, certificates: tls.certificates.map((certificate) => certificateOf(certificate, materials)) },
    }),
  };
}

function certificateOf(
  written: { readonly cert: string; readonly key: string; readonly hosts: readonly string[] },
  materials: Materials,
): CertificateConfig {
  const cert = materials.get(written.cert);
  const key = materials.get(written.key);
  return {
    cert: cert?.text ?? written.cert,
    key: key?.text ?? written.key,
    ...(cert?.file !== undefined && { certFile: cert.file }),
    ...(key?.file !== undefined && { keyFile: key.file }),
    hosts: written.hosts.map((host) => host.toLowerCase()),
  };
}

function poolsOf(parsed: ParsedConfig, materials: Materials): Record<string, PoolConfig> {
  const pools: Record<string, PoolConfig> = {};
  if (parsed.backends !== undefined) {
    pools["default"] = poolOf("default", { ...barePoolSchema.parse({}), backends: parsed.backends }, parsed, materials);
  }
  for (const [name, pool] of Object.entries(parsed.pools)) pools[name] = poolOf(name, pool, parsed, materials);
  return pools;
}

function poolOf(name: string, pool: ParsedPool, parsed: ParsedConfig, materials: Materials): PoolConfig {
  return {
    name,
    backends: pool.backends,
    balance: pool.balance ?? parsed.balance,
    affinity: pool.affinity ?? parsed.affinity,
    tls: poolTlsOf(pool.tls, materials),
    dial: pool.dial,
    health: pool.health,
    admission: pool.admission,
    drain: pool.drain,
    rebalance: pool.rebalance,
  };
}

function poolTlsOf(tls: ParsedPool["tls"], materials: Materials): PoolTls {
  const ca = tls.ca === undefined ? undefined : materials.get(tls.ca);
  return {
    ...(ca !== undefined && { ca: ca.text }),
    ...(ca?.file !== undefined && { caFile: ca.file }),
    verify: tls.verify,
    ...(tls.servername !== undefined && { servername: tls.servername }),
  };
}

/** A route's own words over those of the whole configuration. */
function tunnelOf(base: TunnelOptions, own: ParsedTunnel): TunnelOptions {
  const { heartbeat, rehome, ...rest } = own;
  return {
    ...base,
    ...said(rest),
    heartbeat: groupOf(base.heartbeat, heartbeat, HEARTBEAT_DEFAULTS),
    rehome: groupOf(base.rehome, rehome, REHOME_DEFAULTS),
  };
}

/** Options that belong together, key by key. @param defaults for who turns on what the configuration has off */
function groupOf<Group extends object>(
  base: Group | "off",
  own: { readonly [Key in keyof Group]?: Group[Key] | undefined } | "off" | undefined,
  defaults: Group,
): Group | "off" {
  if (own === undefined || own === "off") return own ?? base;
  return { ...(base === "off" ? defaults : base), ...said(own) };
}

/** What has been said: a key without a value says nothing. */
function said(words: object): Record<string, unknown> {
  const entries: [string, unknown][] = Object.entries(words);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
