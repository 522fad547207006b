import { plainAddress, requestAuthority, splitTarget } from "../http/index.ts";
import type { ForwardFacts, IsTrusted, RequestHead, Trace } from "../http/index.ts";

import type { RecordDraft, RequestWords } from "./record.ts";

/** Where requests come in. */
export interface ListenerInfo {
  readonly name: string;
  readonly secure: boolean;
}

/** A request that has come, and what is known of its connection. */
export interface Arrival {
  readonly head: RequestHead;
  readonly remoteAddress: string;
  readonly localPort: number;
  readonly secure: boolean;
  /** Whether the other end of the connection is a trusted proxy. */
  readonly trusted: boolean;
  readonly trace: Trace;
  readonly draft: RecordDraft;
}

/** The connection that a request came on. */
export interface Connection {
  readonly remoteAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** Describes a request, before anything of it has been judged. */
export function arrivalOf(
  head: RequestHead,
  { remoteAddress = "", localPort = 0 }: Connection,
  listener: ListenerInfo,
  isTrusted: IsTrusted,
  start: {
    readonly kind: RecordDraft["kind"];
    readonly id: string;
    readonly trace: Trace;
    readonly words: RequestWords | undefined;
    readonly wall: number;
    readonly now: number;
  },
): Arrival {
  const client = plainAddress(remoteAddress);
  return {
    head,
    remoteAddress,
    localPort,
    secure: listener.secure,
    trusted: isTrusted(client),
    trace: start.trace,
    draft: {
      kind: start.kind,
      id: start.id,
      trace: start.trace.traceId,
      startedWall: start.wall,
      startedAt: start.now,
      listener: listener.name,
      method: head.method,
      path: splitTarget(head.target).path,
      client,
      host: undefined,
      route: undefined,
      pool: undefined,
      backend: undefined,
      attempts: 0,
      rehomed: 0,
      lost: 0,
      status: 0,
      error: undefined,
      reason: undefined,
      body: null,
      tunnel: null,
      words: start.words,
    },
  };
}

/** What the forwarding headers say of a request. */
export function forwardFacts(arrival: Arrival, upgrade: boolean): ForwardFacts {
  const { head, remoteAddress, trusted, secure, localPort, trace } = arrival;
  return {
    remoteAddress,
    trusted,
    scheme: secure ? "https" : "http",
    host: requestAuthority(head),
    localPort,
    upgrade,
    trace,
  };
}
