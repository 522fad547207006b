/** What workers together know of what is measured. */
import assert from "node:assert/strict";
import test from "node:test";

import { backendKey } from "../../src/base/index.ts";
import type { BackendMeasured, WorkerCounts } from "../../src/metrics/index.ts";
import { gaugeStarts, mergeMeasured } from "../../src/supervisor/measured.ts";
import { UNMEASURED } from "./unmeasured.ts";

const NOTHING: BackendMeasured = { activity: null, handshakeMs: null, roundTripMs: null, reported: null };
const BACKEND = "ws://10.0.0.1:8000";

const worker = (load: number, ...measured: readonly Partial<BackendMeasured>[]): WorkerCounts => {
  const counts = { open: 0, inFlight: 0, load, tunnels: 0, requests: 0, failures: 0 };
  return {
    ...{ handshakes: 0, tunnels: 0, requests: 0, connections: 0, refusedTunnels: 0, refusedConnections: 0, queued: {} },
    pools: { chat: { [BACKEND]: counts } },
    metrics: { ...UNMEASURED, measured: measured.map((some) => ["chat", BACKEND, { ...NOTHING, ...some }]) },
  };
};

test("who knows something is believed before who has just begun, part by part", () => {
  const merged = mergeMeasured([
    undefined,
    worker(0, { activity: 5 }),
    worker(0, { activity: 6, handshakeMs: 7, reported: { load: 0.5, ageMs: 3 } }),
  ]);
  const known = { activity: 5, handshakeMs: 7, roundTripMs: null, reported: { load: 0.5, ageMs: 3 } };
  assert.deepEqual([...merged], [[backendKey("chat", BACKEND), ["chat", BACKEND, known]]]);
});

test("who begins is told what all know, with the load that all had then", () => {
  assert.deepEqual(gaugeStarts([worker(3, { activity: 5 }), worker(4, {})]), [
    ["chat", BACKEND, { ...NOTHING, activity: 5, load: 7 }],
  ]);
  assert.deepEqual(gaugeStarts([worker(3), undefined]), []);
});
