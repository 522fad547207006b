/** What a worker tells of what it sees, with a clock and a wheel of the test's own. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Wheel } from "../../src/base/index.ts";
import { Pool } from "../../src/pool/index.ts";
import type { BackendVitals } from "../../src/supervisor/messages.ts";
import { VitalsTeller } from "../../src/supervisor/vitals-teller.ts";
import { ONE, poolsWith, TWO } from "./board.ts";

const poolConfig = (health: object, backends?: readonly string[]) => {
  const [config] = poolsWith(health, backends);
  assert.ok(config);
  return config;
};

const worker = (health: object = { outliers: {} }) => {
  let now = 0;
  const clock = { now: () => now, wall: () => now };
  const wheel = new Wheel(clock, 100);
  const world = { clock, random: () => 0, workers: 1, onLoad: () => {}, onWant: () => {} };
  const pool = new Pool(poolConfig(health), "secret", world);
  const told: BackendVitals[] = [];
  const teller = new VitalsTeller({ wheel, clock, pools: () => [pool], tell: (vitals) => void told.push(...vitals) });
  const pass = (time: number): BackendVitals[] => {
    for (const end = now + time; now < end;) {
      now += 100;
      wheel.tick();
    }
    return told.splice(0);
  };
  const backend = (name: string) => {
    const found = pool.backend(name);
    assert.ok(found);
    return found;
  };
  return { pool, teller, pass, backend };
};

test("once a second it tells what it has seen, and begins anew", () => {
  const { pool, teller, pass, backend } = worker();
  const one = backend(ONE);
  assert.deepEqual(pass(1_000), []);
  for (let at = 0; at < 2; at += 1) pool.tunnelOpened(one);
  for (let at = 0; at < 2; at += 1) pool.tunnelClosed(one);
  for (const signal of ["success", "success", "dial-failed", "protocol-error"] as const) teller.note(pool, one, signal);
  for (const signal of ["unexpected-close", "heartbeat-timeout"] as const) teller.note(pool, one, signal);
  teller.noteTime(pool, one, "handshake", 5);
  teller.noteTime(pool, one, "handshake", 5);
  teller.noteTime(pool, one, "heartbeat", 1);
  const [vitals, ...others] = pass(1_000);
  assert.deepEqual(others, []);
  assert.deepEqual(vitals, [
    "chat",
    ONE,
    {
      attempts: 4,
      failures: 2,
      lost: 2,
      open: 0,
      opened: 2,
      tunnelMs: 0,
      handshakes: [[17, 2]],
      rtts: [[0, 1]],
    },
  ]);
  assert.deepEqual(pass(5_000), []);
});

test("plain answers that are cut off are attempts that failed, not tunnels", () => {
  const { pool, teller, pass, backend } = worker();
  const one = backend(ONE);
  pool.tunnelOpened(one);
  pass(1_000);
  pool.tunnelClosed(one);
  for (let at = 0; at < 30; at += 1) teller.note(pool, one, "unexpected-close");
  const [[, , signs] = []] = pass(1_000);
  assert.deepEqual([signs?.attempts, signs?.failures, signs?.lost, signs?.open], [29, 29, 1, 1]);
});

test("the time that tunnels are open is told, with how many there were and came", () => {
  const { pool, pass, backend } = worker();
  pass(1_000);
  for (let at = 0; at < 10; at += 1) pool.tunnelOpened(backend(TWO));
  const [[, name, first] = []] = pass(1_000);
  assert.deepEqual([name, first?.open, first?.opened, first?.tunnelMs], [TWO, 0, 10, 5_000]);
  for (let at = 0; at < 4; at += 1) pool.tunnelClosed(backend(TWO));
  const [[, , second] = []] = pass(1_000);
  assert.deepEqual([second?.open, second?.opened, second?.tunnelMs], [10, 0, 8_000]);
});

test("a pool that looks for no outliers tells nothing, and may begin to while it runs", () => {
  const { pool, teller, pass, backend } = worker({});
  teller.note(pool, backend(ONE), "success");
  teller.noteTime(pool, backend(ONE), "handshake", 5);
  assert.deepEqual(pass(3_000), []);
  pool.update(poolConfig({ outliers: {} }), "secret");
  teller.note(pool, backend(ONE), "success");
  assert.deepEqual(
    pass(1_000).map(([, name, { attempts }]) => [name, attempts]),
    [[ONE, 1]],
  );
});

test("who has been removed is not told of", () => {
  const { pool, teller, pass, backend } = worker();
  const two = backend(TWO);
  pool.acquire(two);
  teller.note(pool, two, "success");
  pool.update(poolConfig({ outliers: {} }, [ONE]), "secret");
  assert.deepEqual(pass(2_000), []);
});
