/** What a worker knows of a tunnel that is open: on a clock that the test turns. */
import assert from "node:assert/strict";
import test from "node:test";

import { seededRandom } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { Meters } from "../../src/gateway/meters.ts";
import type { RecordDraft } from "../../src/gateway/record.ts";
import { TunnelLife } from "../../src/gateway/tunnel-life.ts";
import { Pool } from "../../src/pool/index.ts";
import type { Tunnel } from "../../src/relay/index.ts";

test("a tunnel that gets another backend is as old as before, and stays there anew", () => {
  let now = 1_000;
  const clock = { now: () => now, wall: () => now };
  const { config } = parseConfig({ backends: ["ws://one.test:81", "ws://two.test:81"] });
  const [options] = Object.values(config.pools);
  assert.ok(options);
  const pool = new Pool(options, "secret", {
    clock,
    random: seededRandom(1),
    workers: 1,
    onLoad: () => {},
    onWant: () => {},
  });
  const [one, two] = pool.members;
  assert.ok(one !== undefined && two !== undefined);
  const side = { tracker: { messages: 0, payloadBytes: 0 }, bytes: 0 };
  const tunnel = {
    client: side,
    backend: side,
    get now() {
      return now;
    },
  };
  const world = { clock, meters: new Meters() };
  const draft = { pool: pool.name, backend: one.name, startedAt: now, rehomed: 0 };
  // Of each of them no more than this is looked at.
  const life = new TunnelLife({ world } as unknown as Gateway, pool, one, draft as unknown as RecordDraft, false);
  life.tunnel = tunnel as unknown as Tunnel;
  now += 60_000;
  assert.deepEqual([life.ageMs, life.stayMs], [60_000, 60_000]);
  life.enterBackend(two, false);
  now += 4_000;
  assert.deepEqual([life.ageMs, life.stayMs], [64_000, 4_000]);
});
