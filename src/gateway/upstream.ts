import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";

import { Pool as HttpPool } from "undici";

import type { LimitOptions, PoolConfig, PoolTls } from "../config/index.ts";
import { MAX_RESPONSE_HEAD_SIZE } from "../http/index.ts";
import type { DialTarget } from "../relay/index.ts";

/** How the backends of one pool are reached: by dial for tunnels, by keep-alive connections for plain requests. */
export interface Upstream {
  /** One for each backend, in the pool's order. */
  readonly targets: readonly DialTarget[];
  /** The connections for plain requests to backend `index`; opened when first needed. */
  http(index: number): HttpPool;
  /** Ends all keep-alive connections at once. */
  close(): Promise<void>;
}

/** Pools of connections are made on first use, since many backends serve sockets only. */
export function createUpstream(config: PoolConfig, limits: LimitOptions): Upstream {
  const context = config.backends.some((backend) => backend.secure) ? secureContext(config.tls) : undefined;
  const targets = config.backends.map(({ name, hostname, port, secure }) => ({
    name,
    hostname,
    port,
    tls:
      secure && context !== undefined
        ? { secureContext: context, verify: config.tls.verify, servername: serverName(config.tls, hostname) }
        : undefined,
  }));
  const pools = new Map<number, HttpPool>();
  return {
    targets,
    http(index) {
      const existing = pools.get(index);
      if (existing !== undefined) return existing;
      const made = httpPool(config, limits, index);
      pools.set(index, made);
      return made;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

function secureContext(tls: PoolTls): SecureContext {
  return createSecureContext(tls.ca === undefined ? {} : { ca: tls.ca });
}

/** SNI must not be an address (RFC 6066 section 3); an empty name asks for none. */
function serverName(tls: PoolTls, hostname: string): string {
  if (tls.servername !== undefined) return tls.servername;
  return /^[\d.]+$|:/.test(hostname) ? "" : hostname;
}

function httpPool(config: PoolConfig, limits: LimitOptions, index: number): HttpPool {
  const { tls, dial } = config;
  const backend = config.backends[index];
  if (backend === undefined) throw new RangeError(`pool ${config.name} has no backend ${index}`);
  const silence = limits.responseTimeout === "off" ? 0 : limits.responseTimeout;
  return new HttpPool(backend.url, {
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: MAX_RESPONSE_HEAD_SIZE,
    headersTimeout: silence,
    bodyTimeout: silence,
    connect: {
      timeout: dial.connectTimeout,
      rejectUnauthorized: tls.verify,
      ...(tls.ca !== undefined && { ca: tls.ca }),
      ...(tls.servername !== undefined && { servername: tls.servername }),
    },
  });
}
