import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";

import { Pool as HttpPool } from "undici";

import type { BackendConfig, LimitOptions, PoolConfig, PoolTls } from "../config/index.ts";
import { MAX_RESPONSE_HEAD_SIZE } from "../http/index.ts";
import type { DialTarget } from "../relay/index.ts";

/** How the backends of one pool are reached: by dial for tunnels, by keep-alive connections for plain requests. */
export interface Upstream {
  target(backend: BackendConfig): DialTarget;
  /** The connections for plain requests to a backend; opened when first needed. */
  http(backend: BackendConfig): HttpPool;
  /** Ends the connections to backends that are no longer among these, each once its requests have been answered. */
  keep(backends: readonly BackendConfig[]): void;
  /** Ends all keep-alive connections at once. */
  close(): Promise<void>;
}

/**
 * Pools of connections are made on first use, since many backends serve sockets only.
 *
 * @param silence longest silence of a backend that owes a plain response
 */
export function createUpstream(config: PoolConfig, silence: LimitOptions["responseTimeout"]): Upstream {
  const { tls } = config;
  let context: SecureContext | undefined;
  const pools = new Map<string, HttpPool>();
  return {
    target({ name, hostname, port, secure }) {
      if (!secure) return { name, hostname, port, tls: undefined };
      context ??= createSecureContext(tls.ca === undefined ? {} : { ca: tls.ca });
      const servername = serverName(tls, hostname);
      return { name, hostname, port, tls: { secureContext: context, verify: tls.verify, servername } };
    },
    http(backend) {
      const existing = pools.get(backend.name);
      if (existing !== undefined) return existing;
      const made = httpPool(config, silence, backend);
      pools.set(backend.name, made);
      return made;
    },
    keep(backends) {
      const names = new Set(backends.map(({ name }) => name));
      for (const [name, pool] of pools) {
        if (names.has(name)) continue;
        pools.delete(name);
        void pool.close();
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/** SNI must not be an address (RFC 6066 section 3); an empty name asks for none. */
function serverName(tls: PoolTls, hostname: string): string {
  if (tls.servername !== undefined) return tls.servername;
  return /^[\d.]+$|:/.test(hostname) ? "" : hostname;
}

function httpPool(
  { tls, dial }: PoolConfig,
  silence: LimitOptions["responseTimeout"],
  backend: BackendConfig,
): HttpPool {
  const longest = silence === "off" ? 0 : silence;
  return new HttpPool(backend.url, {
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: MAX_RESPONSE_HEAD_SIZE,
    headersTimeout: longest,
    bodyTimeout: longest,
    connect: {
      timeout: dial.connectTimeout,
      rejectUnauthorized: tls.verify,
      ...(tls.ca !== undefined && { ca: tls.ca }),
      ...(tls.servername !== undefined && { servername: tls.servername }),
    },
  });
}
