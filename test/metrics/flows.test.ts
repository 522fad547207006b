/** What tunnels carry a second, from what is counted of them. */
import assert from "node:assert/strict";
import test from "node:test";

import { Flows } from "../../src/metrics/index.ts";
import type { Tally } from "../../src/metrics/index.ts";

const tally = (fromClient: number, fromBackend: number): Tally => [
  [["chat", "ws://a", "from_client"], fromClient],
  [["chat", "ws://a", "from_backend"], fromBackend],
];

test("each direction of messages and bytes is a rate over the latest stretch", () => {
  const flows = new Flows();
  assert.equal(flows.of("chat", "ws://a"), null);
  flows.add(1_000, { messages: tally(100, 10), bytes: tally(1_000, 0) });
  assert.equal(flows.of("chat", "ws://a"), null, "one sample says nothing");
  flows.add(6_000, { messages: tally(150, 11), bytes: tally(1_000, 500) });
  const flow = { messages: { fromClient: 10, fromBackend: 0.2 }, bytes: { fromClient: 0, fromBackend: 100 } };
  assert.deepEqual(flows.of("chat", "ws://a"), flow);
  flows.add(6_000, { messages: tally(900, 900), bytes: tally(9_000, 9_000) });
  assert.deepEqual(flows.of("chat", "ws://a"), flow, "no time has passed");
  const still = { messages: { fromClient: 0, fromBackend: 0 }, bytes: { fromClient: 0, fromBackend: 0 } };
  assert.deepEqual(flows.of("chat", "ws://b"), still);
});

test("what was lost with a worker that crashed is no rate below 0", () => {
  const flows = new Flows();
  flows.add(0, { messages: tally(100, 0), bytes: [] });
  flows.add(5_000, { messages: tally(50, 5), bytes: [] });
  assert.deepEqual(flows.of("chat", "ws://a")?.messages, { fromClient: 0, fromBackend: 1 });
});
