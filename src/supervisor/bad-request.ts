import type { AccessRecord } from "../gateway/index.ts";

/** What a record says of something that was no request. */
const NO_REQUEST = {
  kind: "request",
  phase: "end",
  trace: null,
  host: null,
  method: "",
  path: "",
  route: null,
  pool: null,
  backend: null,
  attempts: 0,
  rehomed: 0,
  lost: 0,
  durationMs: 0,
  body: null,
  progress: null,
  tunnel: null,
} as const;

/** What is known of something that was no request. */
export type BadRequestFacts = Pick<AccessRecord, "listener" | "client" | "status" | "reason">;

/** The record of something that was no request: it leaves one all the same. @param wall when it came */
export function badRequestRecord(id: string, wall: number, facts: BadRequestFacts): AccessRecord {
  return { ...NO_REQUEST, ...facts, id, started: new Date(wall).toISOString(), error: "CLIENT_BAD_REQUEST" };
}
