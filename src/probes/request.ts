import { request as requestPlain } from "node:http";
import type { ClientRequest } from "node:http";
import { request as requestSecure } from "node:https";

import { MAX_RESPONSE_HEAD_SIZE } from "../http/index.ts";

import { aimOf } from "./aim.ts";
import type { Where } from "./aim.ts";
import type { ProbeWork } from "./finding.ts";

/** What a probe by HTTP asks for. */
export interface Asking extends Where {
  readonly method?: "GET" | "HEAD";
  readonly path: string;
  /** Instead of the address that is asked. */
  readonly host?: string | undefined;
  /** Besides the probe's own, and in the place of those of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A request over a connection of its own, not sent yet. Its path is asked for as it stands: no URL is made of it, which
 * would take `//name` for a host.
 *
 * @param own headers of the kind of probe
 */
export function requestOf(
  { backend, tls, question }: ProbeWork<Asking>,
  own: Readonly<Record<string, string>>,
): ClientRequest {
  const { hostname, port, secure, options } = aimOf(backend, tls, question);
  const send = secure ? requestSecure : requestPlain;
  const { method = "GET", path, host, headers } = question;
  return send({
    agent: false,
    host: hostname,
    port,
    method,
    path,
    maxHeaderSize: MAX_RESPONSE_HEAD_SIZE,
    headers: { ...(host !== undefined && { Host: host }), "User-Agent": "fairlead-probe", ...own, ...headers },
    ...options,
  });
}
