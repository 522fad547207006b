import type { ConnectionOptions } from "node:tls";

import type { BackendConfig, PoolTls } from "../config/index.ts";

/** Where a question wants to be asked; what it leaves out is as the backend has it. */
export interface Where {
  readonly port?: number | undefined;
  readonly tls?: boolean | undefined;
}

/** Where a probe connects to, and how. */
export interface Aim {
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
  /** Empty without TLS. */
  readonly options: Pick<ConnectionOptions, "ca" | "rejectUnauthorized" | "servername">;
}

/**
 * Whoever is asked is verified as it is for tunnels: by the pool's `tls`, whatever the Host header of a probe says, since
 * that of a tunnel, the client's, has no part in it either.
 */
export function aimOf({ hostname, port, secure }: BackendConfig, tls: PoolTls, where: Where): Aim {
  const isSecure = where.tls ?? secure;
  return { hostname, port: where.port ?? port, secure: isSecure, options: isSecure ? tlsOptions(tls, hostname) : {} };
}

function tlsOptions({ ca, verify, servername }: PoolTls, hostname: string): Aim["options"] {
  return {
    rejectUnauthorized: verify,
    ...(ca !== undefined && { ca }),
    // Said in any case: Node would take it from the Host header.
    servername: servername ?? (isAddress(hostname) ? "" : hostname),
  };
}

/** SNI must not be an address (RFC 6066 section 3); an empty name asks for none. */
function isAddress(hostname: string): boolean {
  return /^[\d.]+$|:/.test(hostname);
}
