import { formatDuration, formatSize } from "../base/index.ts";
import type { AccessRecord, LegRecord } from "../gateway/index.ts";

/** A record as one sentence for people: all that happened, without what did not. */
export function readableRecord(record: AccessRecord): string {
  const { method, host, path, client, route, backend, attempts, status, durationMs, reason, error } = record;
  const parts = [`${method} ${host ?? ""}${path}`.trim() || "(none)", `from ${client}`];
  if (route !== null) parts.push(`by route ${route}`);
  if (backend !== null) parts.push(`to ${backend}${attempts > 1 ? ` (attempt ${attempts})` : ""}`);
  const what = [`${status} after ${formatDuration(Math.round(durationMs))}`, ...outcome(record)];
  if (error !== null) what.push(reason === null ? error : `${error}: ${reason}`);
  return `${record.kind} ${parts.join(" ")}: ${what.join(", ")}`;
}

function outcome({ phase, body, progress, tunnel }: AccessRecord): string[] {
  if (phase === "open") return ["opened"];
  if (progress !== null) return ["still open", leg("client", progress.client), leg("backend", progress.backend)];
  if (tunnel !== null) {
    const { endedBy, cause, client, backend } = tunnel;
    return [`ended by ${endedBy} (${cause})`, leg("client", client), leg("backend", backend)];
  }
  if (body === null) return [];
  return [`client sent ${formatSize(body.fromClient)}`, `backend sent ${formatSize(body.fromBackend)}`];
}

function leg(name: string, { messages, bytes, closeFrom, closeTo }: LegRecord): string {
  const sent = `${name} sent ${messages} message${messages === 1 ? "" : "s"} (${formatSize(bytes)})`;
  const closes = [
    ...(closeFrom === null ? [] : [`closed with ${closeFrom}`]),
    ...(closeTo === null ? [] : [`was told ${closeTo}`]),
  ];
  return [sent, ...closes].join(" and ");
}
