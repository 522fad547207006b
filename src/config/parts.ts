import { createHash, X509Certificate } from "node:crypto";

import { formatDuration } from "../base/index.ts";
import { describeMatch } from "../routing/index.ts";
import { adminForm, poolForm } from "./explain.ts";
import { humanise } from "./humanise.ts";
import { tunnelSchema } from "./schema-tunnel.ts";
import { configSchema } from "./schema.ts";
import type {
  BackendConfig,
  CertificateConfig,
  Config,
  DefaultRouteConfig,
  ListenerConfig,
  PoolConfig,
  PoolTls,
  RouteConfig,
} from "./types.ts";

/** The kinds of parts; `settings` is the whole, with what belongs to none of the others. */
export type Subject = "settings" | "listener" | "certificate" | "pool" | "backend" | "route";

/** A part of a configuration that is the same part in another configuration, whatever its options say there. */
export interface Part {
  readonly subject: Subject;
  /** The identity: unique among its owner's parts of this kind. */
  readonly name: string;
  /** What tells it from others, in a few words; empty where the name says enough. */
  readonly about: string;
  /** Plain values that can be shown, all but those of {@link HIDDEN}: lists are sorted where their order says nothing. */
  readonly options: Readonly<Record<string, unknown>>;
  /** In the order of the configuration. */
  readonly parts: readonly Part[];
}

/** Places in the reference of values that must not be shown, and of objects none of whose values must be. */
export const HIDDEN: readonly string[] = ["secret", "admin.token", "pools.NAME.health.active.headers"];

/** Bytes of a fingerprint that are shown: enough to tell certificates apart. */
const FINGERPRINT_BYTES = 8;
const PEM_CERTIFICATE = /-----BEGIN [A-Z ]*CERTIFICATE-----[^]+?-----END [A-Z ]*CERTIFICATE-----/g;

/**
 * A configuration as a tree of parts with identities. Durations, sizes and addresses are as people write them, and
 * certificates are known by their fingerprints, whatever files they are in. Their keys are left out: each fits its
 * certificate, so none changes alone.
 */
export function partsOf(config: Config): Part {
  const { listeners, pools, routes, defaultRoute, ...settings } = config;
  const { admin, drain, drainDelay, trustedProxies, log, limits } = settings;
  const allRoutes = defaultRoute === undefined ? routes : [...routes, defaultRoute];
  return {
    subject: "settings",
    name: "",
    about: "",
    options: {
      ...settings,
      admin: admin === "off" ? admin : { ...adminForm(admin), hosts: admin.hosts.toSorted() },
      drain: formatDuration(drain),
      drainDelay: formatDuration(drainDelay),
      trustedProxies: trustedProxies.toSorted(),
      log: humanise(log, configSchema.shape.log),
      limits: humanise(limits, configSchema.shape.limits),
    },
    parts: [...listeners.map(listenerPart), ...Object.values(pools).map(poolPart), ...allRoutes.map(routePart)],
  };
}

function listenerPart({ name, tls }: ListenerConfig): Part {
  const parts = (tls?.certificates ?? []).map(certificatePart);
  return {
    subject: "listener",
    name,
    about: tls === undefined ? "" : "TLS",
    options: { tls: tls === undefined ? "off" : { minVersion: tls.minVersion } },
    parts: parts.map((part, index) => ({ ...part, name: numbered(part.name, index, parts) })),
  };
}

/** Its identity is its first name, which a renewal keeps. */
function certificatePart({ cert, hosts }: CertificateConfig): Part {
  const { subjectAltName = "", subject } = new X509Certificate(cert);
  const [, held] = /^(?:DNS|IP Address):([^,]+)/.exec(subjectAltName) ?? [];
  const fingerprint = fingerprintOf(cert);
  return {
    subject: "certificate",
    name: hosts[0] ?? held ?? subject.split("\n").join(" "),
    about: fingerprint,
    options: { cert: fingerprint, hosts: hosts.toSorted() },
    parts: [],
  };
}

/** Several certificates may be for one name, with keys of different kinds. */
function numbered(name: string, index: number, all: readonly Part[]): string {
  const before = all.slice(0, index).filter((part) => part.name === name).length;
  return before === 0 ? name : `${name} (${before + 1})`;
}

function poolPart(pool: PoolConfig): Part {
  const { balance, affinity, dial, health, admission, drain, rebalance } = poolForm(pool);
  return {
    subject: "pool",
    name: pool.name,
    about: pool.balance.method,
    options: { balance, affinity, tls: poolTlsOptions(pool.tls), dial, health, admission, drain, rebalance },
    parts: pool.backends.map(backendPart),
  };
}

function poolTlsOptions({ ca, verify, servername }: PoolTls): object {
  return { ca: ca === undefined ? undefined : fingerprintOf(ca), verify, servername };
}

function backendPart({ name, weight, state, maxConnections }: BackendConfig): Part {
  const about = [weight === 1 ? "" : `weight ${weight}`, state === "active" ? "" : state];
  return {
    subject: "backend",
    name,
    about: about.filter((text) => text !== "").join(", "),
    options: { weight, state, maxConnections },
    parts: [],
  };
}

function routePart(route: RouteConfig | DefaultRouteConfig): Part {
  const match = "match" in route ? route.match : undefined;
  const { name, pool, origins, tunnel } = route;
  return {
    subject: "route",
    name,
    about: `${match === undefined ? "what no other takes" : describeMatch(match)}, to pool ${pool}`,
    options: {
      match,
      pool,
      origins: typeof origins === "string" ? origins : origins.toSorted(),
      tunnel: humanise(tunnel, tunnelSchema),
    },
    parts: [],
  };
}

/** Of the first certificate, with the day until which it is valid, and what tells the others that stand behind it. */
function fingerprintOf(pem: string): string {
  const { fingerprint256, validToDate } = new X509Certificate(pem);
  const [, ...others] = pem.match(PEM_CERTIFICATE) ?? [];
  const first = `${fingerprint256.slice(0, FINGERPRINT_BYTES * 3 - 1)} until ${validToDate.toISOString().slice(0, 10)}`;
  if (others.length === 0) return first;
  const digest = createHash("sha256").update(others.join("\n")).digest("hex");
  return `${first} and ${others.length} more (${digest.slice(0, FINGERPRINT_BYTES * 2)})`;
}
