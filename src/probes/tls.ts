import type { ConnectionOptions } from "node:tls";

import type { BackendConfig, PoolTls } from "../config/index.ts";

/** TLS as the pool has it for tunnels; nothing for backends without. */
export function tlsOptions(
  { secure }: BackendConfig,
  { ca, verify, servername }: PoolTls,
): Pick<ConnectionOptions, "ca" | "rejectUnauthorized" | "servername"> {
  if (!secure) return {};
  return {
    rejectUnauthorized: verify,
    ...(ca !== undefined && { ca }),
    ...(servername !== undefined && { servername }),
  };
}
