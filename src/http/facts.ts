import type { RawHeaders } from "./head.ts";

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
