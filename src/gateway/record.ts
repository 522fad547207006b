import type { ErrorCode } from "../base/index.ts";
import type { EndCause, Initiator } from "../relay/index.ts";

/** How one leg of a tunnel was closed. Codes are those of Close frames; 1005 stands for one without a code. */
export interface LegRecord {
  readonly closeFrom: number | null;
  readonly closeTo: number | null;
  readonly messages: number;
  readonly bytes: number;
  /** Round-trip time of the last heartbeat in milliseconds; null when there was none. */
  readonly rttMs: number | null;
}

/** What every tunnel and every plain request leaves behind: exactly one of these. */
export interface AccessRecord {
  /** `tunnel` for everything that asked for a WebSocket, whatever became of it. */
  readonly kind: "tunnel" | "request";
  readonly id: string;
  /** When the request came, ISO 8601. */
  readonly started: string;
  /** The client's address, as trusted proxies tell it. */
  readonly client: string;
  readonly listener: string;
  readonly host: string | null;
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  readonly route: string | null;
  readonly pool: string | null;
  readonly backend: string | null;
  /** Backends that were tried. */
  readonly attempts: number;
  /** What the client got; 499 when it went away before. */
  readonly status: number;
  readonly durationMs: number;
  /** Why it was refused or failed; null when all went well. */
  readonly error: ErrorCode | null;
  /** What the client was told when it was refused by fairlead; null otherwise. */
  readonly reason: string | null;
  /** Body bytes of plain requests; null for tunnels. */
  readonly body: { readonly fromClient: number; readonly fromBackend: number } | null;
  /** Null when no tunnel was opened. */
  readonly tunnel: {
    readonly endedBy: Initiator;
    readonly cause: EndCause;
    readonly client: LegRecord;
    readonly backend: LegRecord;
  } | null;
}

/** Status in the record of a client that did not wait for its answer (nginx's convention). */
export const STATUS_CLIENT_GONE = 499;

/** What is known from the start, and what is found out on the way, until the record is made. */
export interface RecordDraft {
  readonly kind: AccessRecord["kind"];
  readonly id: string;
  readonly startedWall: number;
  readonly startedAt: number;
  readonly listener: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  client: string;
  host: string | undefined;
  route: string | undefined;
  pool: string | undefined;
  backend: string | undefined;
  attempts: number;
  status: number;
  error: ErrorCode | undefined;
  reason: string | undefined;
  body: AccessRecord["body"];
  tunnel: AccessRecord["tunnel"];
}

/** Makes the record, at the end. */
export function finishRecord(draft: RecordDraft, now: number): AccessRecord {
  const { kind, id, startedWall, startedAt, listener, method, path, client, attempts, status, body, tunnel } = draft;
  return {
    kind,
    id,
    started: new Date(startedWall).toISOString(),
    client,
    listener,
    host: draft.host ?? null,
    method,
    path,
    route: draft.route ?? null,
    pool: draft.pool ?? null,
    backend: draft.backend ?? null,
    attempts,
    status,
    durationMs: Math.round((now - startedAt) * 1000) / 1000,
    error: draft.error ?? null,
    reason: draft.reason ?? null,
    body,
    tunnel,
  };
}
