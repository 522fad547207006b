/** Records as people read them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessRecord } from "../../src/gateway/index.ts";
import { readableRecord } from "../../src/supervisor/readable.ts";
import { RECORD } from "./record.ts";

test("a tunnel tells who, where to, how long, what was sent, who ended it and with which codes", () => {
  assert.equal(
    readableRecord(RECORD),
    "tunnel GET chat.test/chat from 192.0.2.1 by route chat to ws://10.0.0.1:8000: 101 after 1m1s, " +
      "ended by backend (backend-vanished), client sent 1 message (1KiB) and was told 1012, backend sent 2 messages (37B)",
  );
});

test("a request tells its status and bodies; what was refused, why", () => {
  const request: AccessRecord = { ...RECORD, kind: "request", tunnel: null, status: 200, durationMs: 0.2 };
  assert.equal(
    readableRecord({ ...request, attempts: 2, body: { fromClient: 0, fromBackend: 5 } }),
    "request GET chat.test/chat from 192.0.2.1 by route chat to ws://10.0.0.1:8000 (attempt 2): 200 after 0s, " +
      "client sent 0B, backend sent 5B",
  );
  const nobody = { route: null, pool: null, backend: null, attempts: 0 };
  assert.equal(
    readableRecord({ ...request, ...nobody, status: 404, error: "NO_ROUTE", reason: "No route takes this request." }),
    "request GET chat.test/chat from 192.0.2.1: 404 after 0s, NO_ROUTE: No route takes this request.",
  );
  const rubbish = { ...nobody, method: "", path: "", host: null, status: 400, error: "CLIENT_BAD_REQUEST" } as const;
  assert.equal(
    readableRecord({ ...request, ...rubbish }),
    "request (none) from 192.0.2.1: 400 after 0s, CLIENT_BAD_REQUEST",
  );
});
