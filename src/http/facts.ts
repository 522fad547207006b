import { clientAddress, plainAddress, type IsTrusted } from "./address.ts";
import { headerTokens, type RawHeaders, type RequestHead } from "./head.ts";
import { requestHost, splitTarget } from "./target.ts";

/** What routing, balancing and affinity may know of a request. */
export interface RequestFacts {
  /** Path as sent, never decoded, without the query. */
  readonly path: string;
  /** Query without the question mark; empty when there is none. */
  readonly query: string;
  readonly headers: RawHeaders;
  /** Host without port, lower case; undefined when the request names none. */
  readonly host: string | undefined;
  /** The client's address: of the connection, or as told by trusted proxies. */
  readonly clientAddress: string;
  /** True when the client speaks TLS, to us or to a trusted proxy before us. */
  readonly secure: boolean;
}

/**
 * Gathers the facts of a request.
 *
 * @param remoteAddress address of the connection's other end
 * @param tls whether the connection to us is TLS
 * @param isTrusted whose X-Forwarded-For and X-Forwarded-Proto are believed
 */
export function requestFacts(
  head: RequestHead,
  remoteAddress: string,
  tls: boolean,
  isTrusted: IsTrusted,
): RequestFacts {
  const { path, query } = splitTarget(head.target);
  return {
    path,
    query,
    headers: head.headers,
    host: requestHost(head),
    clientAddress: clientAddress(remoteAddress, head.headers, isTrusted),
    secure: tls || (isTrusted(plainAddress(remoteAddress)) && isForwardedSecure(head.headers)),
  };
}

// Of several values the last counts: it was written by the proxy next to us, the only one known to be trusted.
function isForwardedSecure(headers: RawHeaders): boolean {
  const scheme = headerTokens(headers, "x-forwarded-proto").at(-1);
  return scheme === "https" || scheme === "wss";
}
