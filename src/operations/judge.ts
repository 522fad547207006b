import { createSecureContext } from "node:tls";

import { FairleadError } from "../base/index.ts";
import type { Config, PoolConfig } from "../config/index.ts";
import { checkTls } from "../listener/index.ts";

/**
 * Judges what a configuration brings along beside its text, so that no worker finds a mistake in it later.
 *
 * @throws FairleadError TLS_FILES when a certificate, key or authority cannot be used
 */
export function judgeFiles({ listeners, pools }: Config): void {
  for (const { tls } of listeners) if (tls !== undefined) checkTls(tls);
  for (const pool of Object.values(pools)) judgeAuthority(pool);
}

function judgeAuthority({ name, tls }: PoolConfig): void {
  if (tls.ca === undefined) return;
  try {
    createSecureContext({ ca: tls.ca });
  } catch (error) {
    const file = tls.caFile ?? "given as text";
    throw new FairleadError(
      "TLS_FILES",
      `The authorities of pool ${name}, ${file}, cannot be used: ${String(error)}`,
      error,
    );
  }
}
