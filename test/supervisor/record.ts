import type { AccessRecord } from "../../src/gateway/index.ts";

/** A tunnel that lost its backend. */
export const RECORD: AccessRecord = {
  kind: "tunnel",
  phase: "end",
  trace: null,
  id: "1-a-1",
  started: "2026-01-02T07:09:46.845Z",
  client: "192.0.2.1",
  listener: "0.0.0.0:8080",
  host: "chat.test",
  method: "GET",
  path: "/chat",
  route: "chat",
  pool: "default",
  backend: "ws://10.0.0.1:8000",
  attempts: 1,
  rehomed: 0,
  lost: 0,
  status: 101,
  durationMs: 61_000.4,
  error: null,
  reason: null,
  body: null,
  progress: null,
  tunnel: {
    endedBy: "backend",
    cause: "backend-vanished",
    client: { closeFrom: null, closeTo: 1012, messages: 1, bytes: 1024, rttMs: null },
    backend: { closeFrom: null, closeTo: null, messages: 2, bytes: 37, rttMs: 1.4 },
  },
};
