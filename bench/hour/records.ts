import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { EndCause } from "../../src/relay/index.ts";
import { parseLine } from "../soak/log-line.ts";

/** What the log says of one tunnel. */
export interface TunnelRecord {
  /** As clients number them. */
  readonly id: number;
  readonly backend: string;
  readonly cause: EndCause;
  /** Code of the Close that the client got. */
  readonly told: number | null;
  /** Whole messages that came from client and backend. */
  readonly fromClient: number;
  readonly fromBackend: number;
  /** When its last connection was closed, in milliseconds since the epoch. */
  readonly ended: number;
}

/** What the log of all processes holds. */
export interface Records {
  readonly tunnels: readonly TunnelRecord[];
  /** Records of what did not become a tunnel. */
  readonly others: readonly string[];
  /** Lines above `info`. */
  readonly lines: readonly string[];
  /** Processes that have said that they ended with nothing left. */
  readonly stopped: number;
}

interface Line {
  readonly level?: string;
  readonly kind?: string;
  readonly phase?: string;
  readonly msg?: string;
  readonly started?: string;
  readonly durationMs?: number;
  readonly path?: string;
  readonly backend?: string;
  readonly tunnel?: {
    readonly cause: EndCause;
    readonly client: { readonly closeTo: number | null; readonly messages: number };
    readonly backend: { readonly messages: number };
  } | null;
}

const LINE_MAX = 400;

export async function readRecords(file: string): Promise<Records> {
  const [tunnels, others, lines]: [TunnelRecord[], string[], string[]] = [[], [], []];
  let stopped = 0;
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const line: Line | undefined = parseLine(text);
    const record = line === undefined ? undefined : recordOf(line);
    if (record !== undefined) tunnels.push(record);
    else if (line?.kind !== undefined) others.push(text.slice(0, LINE_MAX));
    else if (line?.level !== "info" && line?.level !== "debug") lines.push(text.slice(0, LINE_MAX));
    else if (line.msg === "stopped") stopped += 1;
  }
  return { tunnels, others, lines, stopped };
}

function recordOf({ path = "", backend = "", tunnel, started = "", durationMs = 0 }: Line): TunnelRecord | undefined {
  const id = /^\/talk\/(\d+)$/.exec(path)?.[1];
  if (id === undefined || tunnel === undefined || tunnel === null) return undefined;
  return {
    id: Number(id),
    backend,
    cause: tunnel.cause,
    told: tunnel.client.closeTo,
    fromClient: tunnel.client.messages,
    fromBackend: tunnel.backend.messages,
    ended: Date.parse(started) + durationMs,
  };
}
