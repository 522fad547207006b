import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackendCounts, WorkerCounts, WorkerMetrics } from "../../src/metrics/index.ts";
import { PastCounts } from "../../src/supervisor/past-counts.ts";
import { UNMEASURED } from "./unmeasured.ts";

const counted = (...backends: BackendCounts[]): WorkerCounts => ({
  handshakes: 0,
  tunnels: 0,
  requests: 0,
  connections: 0,
  refusedTunnels: 2,
  refusedConnections: 1,
  queued: {},
  pools: { chat: Object.fromEntries(backends.map((counts, index) => [`ws://${index}`, counts])) },
  metrics: UNMEASURED,
});

test("totals of workers that have ended add up; what they had open is gone with them", () => {
  const past = new PastCounts();
  assert.equal(past.of("chat", "ws://0"), undefined);
  past.add(
    counted(
      { open: 3, inFlight: 2, load: 5, tunnels: 10, requests: 7, failures: 1 },
      { open: 0, inFlight: 0, load: 0, tunnels: 0, requests: 4, failures: 0 },
    ),
  );
  past.add(
    counted(
      { open: 1, inFlight: 0, load: 1, tunnels: 5, requests: 1, failures: 2 },
      { open: 0, inFlight: 0, load: 0, tunnels: 0, requests: 0, failures: 0 },
    ),
  );
  assert.deepEqual(past.of("chat", "ws://0"), { open: 0, inFlight: 0, load: 0, tunnels: 15, requests: 8, failures: 3 });
  assert.deepEqual(past.of("chat", "ws://1"), { open: 0, inFlight: 0, load: 0, tunnels: 0, requests: 4, failures: 0 });
  assert.equal(past.of("other", "ws://0"), undefined);
  assert.deepEqual([past.refusedTunnels, past.refusedConnections], [4, 2]);
});

test("what workers that have ended had measured adds up, and none of it is still going on", () => {
  const past = new PastCounts();
  const metrics: WorkerMetrics = {
    ...UNMEASURED,
    totals: { ...UNMEASURED.totals, messages: [[["chat", "ws://one", "from_client"], 7]] },
    levels: { ...UNMEASURED.levels, backlogBytes: [[["client"], 10]] },
  };
  past.add({ ...counted(), metrics });
  past.add({ ...counted(), metrics });
  assert.deepEqual(past.measures.totals.messages, [[["chat", "ws://one", "from_client"], 14]]);
  assert.deepEqual(past.measures.levels.backlogBytes, []);
});
