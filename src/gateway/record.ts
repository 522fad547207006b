import { roundToMicroseconds } from "../base/index.ts";
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

/** What only the combined form of a line tells of a request, as it came. */
export interface RequestWords {
  /** Of HTTP. */
  readonly version: string;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

/** What every tunnel and every plain request leaves behind: exactly one of these at its end, and others where asked for. */
export interface AccessRecord {
  /** `tunnel` for everything that asked for a WebSocket, whatever became of it. */
  readonly kind: "tunnel" | "request";
  /** `end` for all but those that tell of a tunnel that has been opened (`open`) or is still so (`progress`). */
  readonly phase: "open" | "progress" | "end";
  readonly id: string;
  /** Id of the trace that it belongs to (W3C Trace Context); null for what was no request. */
  readonly trace: string | null;
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
  /** How often the tunnel has got another backend; `backend` is the last one. */
  readonly rehomed: number;
  /** Messages of the client that no backend may have got, since the tunnel lost one or found none. */
  readonly lost: number;
  /** What the client got; 499 when it went away before. */
  readonly status: number;
  readonly durationMs: number;
  /** Why it was refused or failed; null when all went well. */
  readonly error: ErrorCode | null;
  /** What the client was told when it was refused by fairlead; null otherwise. */
  readonly reason: string | null;
  /** Body bytes of plain requests; null for tunnels. */
  readonly body: { readonly fromClient: number; readonly fromBackend: number } | null;
  /** What a tunnel that is open has carried by now; null but in the phase `progress`. */
  readonly progress: { readonly client: LegRecord; readonly backend: LegRecord } | null;
  /** How the tunnel ended; null before it did, and when none was opened. */
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
  readonly trace: string;
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
  rehomed: number;
  lost: number;
  status: number;
  error: ErrorCode | undefined;
  reason: string | undefined;
  body: AccessRecord["body"];
  tunnel: AccessRecord["tunnel"];
  /** Kept only where lines tell it. */
  words: RequestWords | undefined;
}

/** Makes the record, at the end or before. */
export function finishRecord(
  draft: RecordDraft,
  now: number,
  phase: AccessRecord["phase"] = "end",
  progress: AccessRecord["progress"] = null,
): AccessRecord {
  const {
    kind,
    id,
    trace,
    startedWall,
    startedAt,
    listener,
    method,
    path,
    client,
    attempts,
    rehomed,
    lost,
    status,
    body,
    tunnel,
  } = draft;
  return {
    kind,
    phase,
    id,
    trace,
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
    rehomed,
    lost,
    status,
    durationMs: roundToMicroseconds(now - startedAt),
    error: draft.error ?? null,
    reason: draft.reason ?? null,
    body,
    progress,
    tunnel,
  };
}
