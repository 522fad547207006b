import type { AccessRecord, RequestWords } from "../gateway/index.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Characters that would end a field or a line, or that a terminal would obey; and all that is not ASCII. */
// eslint-disable-next-line no-control-regex
const UNSAFE = /["\\\u0000-\u001f\u007f-\u{10ffff}]/gu;

/**
 * A record in the combined log format of Apache and nginx: `client - - [time] "request" status bytes "referer" "agent"`.
 *
 * The time is that of the request, in UTC; bytes are those that came from the backend behind its head. Whatever a client
 * chose is escaped as nginx does it (`\xHH` for each byte), so that no client can forge a field or a line.
 */
export function combinedLine(record: AccessRecord, words: RequestWords | undefined): string {
  const { client, method, path, status, started } = record;
  const request = method === "" ? "-" : `${method} ${path} HTTP/${words?.version ?? "1.1"}`;
  const said = [words?.referer, words?.userAgent].map((text) => `"${escaped(text ?? "-")}"`);
  const time = timeOf(new Date(started));
  return `${escaped(client)} - - [${time}] "${escaped(request)}" ${status} ${bytesOf(record)} ${said.join(" ")}`;
}

function bytesOf({ body, tunnel, progress }: AccessRecord): number {
  return body?.fromBackend ?? (tunnel ?? progress)?.backend.bytes ?? 0;
}

/** `23/Nov/2026:07:39:46 +0000`. */
function timeOf(date: Date): string {
  const [day, hours, minutes, seconds] = [
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ].map((part) => String(part).padStart(2, "0"));
  return `${day}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${hours}:${minutes}:${seconds} +0000`;
}

/** Heads are read as latin1, a character for each byte; what is beyond cannot come from one, and is written as UTF-8. */
function escaped(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const bytes = Buffer.from(character, character <= "\u00ff" ? "latin1" : "utf8");
    return Array.from(bytes, (byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  });
}
