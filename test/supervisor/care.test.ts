/** What one process knows of backends, as another one goes on from it: each has a clock of its own. */
import assert from "node:assert/strict";
import test from "node:test";

import { silentLogger, Wheel } from "../../src/base/index.ts";
import { Care } from "../../src/supervisor/care.ts";
import { readKnown } from "../../src/supervisor/known.ts";
import type { KnownBackend } from "../../src/supervisor/known.ts";
import type { ToWorker } from "../../src/supervisor/messages.ts";
import { ONE, poolsWith, TICK, TWO } from "./board.ts";

const STARTED = Date.parse("2026-11-23T10:00:00Z");
const slowly = (health: object, backends = [ONE, TWO]) =>
  poolsWith(health, backends).map((pool) => ({ ...pool, admission: { ...pool.admission, slowStart: 20_000 } }));

/** A process whose clock began so long before the calendar's moment. */
const processAt = (clockIs: number, wallIs: number, health: object = { failureThreshold: 1 }) => {
  let passed = 0;
  const clock = { now: () => clockIs + passed, wall: () => wallIs + passed };
  const wheel = new Wheel(clock, TICK);
  const told: ToWorker[] = [];
  const events: string[] = [];
  const pools = slowly(health);
  const care = new Care(pools, {
    clock,
    random: () => 0,
    logger: silentLogger,
    wheel,
    tellWorkers: (message) => void told.push(message),
    tell: (type) => void events.push(type),
    onReportedLoad: undefined,
  });
  const pass = (time: number): void => {
    for (const end = passed + time; passed < end;) {
      passed += TICK;
      wheel.tick();
    }
  };
  /** As the channel between two processes carries it. */
  const hand = (): KnownBackend[] => readKnown(JSON.parse(JSON.stringify(care.known(pools, []))));
  return { care, pass, hand, told, events, now: clock.now, wall: clock.wall };
};

test("who is unhealthy stays so by the calendar, workers are told, and nobody is told that it has just happened", () => {
  const old = processAt(50_000, STARTED);
  old.pass(1_000);
  old.care.health.observe("chat", ONE, "dial-failed");
  old.pass(2_000);
  const heir = processAt(7, old.wall());
  heir.care.inherit(old.hand());
  const [before, after] = [old, heir].map(({ care }) => care.health.stateOf("chat", ONE));
  assert.ok(before !== undefined && after !== undefined);
  assert.deepEqual([after.status, after.reason, after.flaps], ["unhealthy", before.reason, 1]);
  assert.equal(heir.now() - after.since, 2_000);
  assert.equal(after.probeAt - heir.now(), before.probeAt - old.now());
  const notices = heir.told.flatMap((message) => (message.type === "health" ? [message.notice] : []));
  assert.deepEqual(
    notices.map(({ backend, healthy }) => [backend, healthy]),
    [
      [ONE, false],
      [TWO, true],
    ],
  );
  assert.deepEqual(heir.events, []);
  const { length } = heir.told;
  heir.care.inherit(old.hand());
  assert.equal(heir.told.length, length, "what is told again changes nothing");
});

test("what the new process has learnt itself counts more", () => {
  const old = processAt(0, STARTED);
  const before = old.hand();
  old.care.health.observe("chat", ONE, "dial-failed");
  const heir = processAt(0, STARTED);
  heir.care.inherit(before);
  heir.care.health.observe("chat", TWO, "dial-failed");
  old.care.health.observe("chat", TWO, "protocol-error");
  heir.care.inherit(old.hand());
  const [one, two] = [ONE, TWO].map((backend) => heir.care.health.stateOf("chat", backend));
  assert.equal(one?.status, "unhealthy", "by what the other process has seen");
  assert.equal(two?.reason, "it could not be connected to", "by what it has seen itself");
});

test("who was ill warms up when it is well again, and who warmed up goes on where it was", () => {
  const active = { active: { kind: "tcp" } };
  const old = processAt(3_000, STARTED, active);
  old.care.update(slowly(active, [ONE]));
  old.care.update(slowly(active, [ONE, TWO]));
  old.pass(5_000);
  const heir = processAt(0, old.wall(), active);
  heir.care.inherit(old.hand());
  const warming = heir.care.warming.of("chat", TWO);
  assert.ok(warming !== undefined);
  assert.deepEqual([heir.now() - warming.since, warming.until - heir.now()], [5_000, 15_000]);
  assert.equal(Math.round(warming.share * 1_000), 325);
  assert.equal(heir.care.warming.of("chat", ONE), undefined);
});

test("an ejection ends where the new configuration has none, and a pool that has nobody left panics", () => {
  const outliers = { outliers: {}, failureThreshold: 1 };
  const old = processAt(0, STARTED, outliers);
  old.care.health.observe("chat", ONE, "dial-failed");
  const told = old.hand().map(([pool, backend, knowledge]): KnownBackend => {
    const { health } = knowledge;
    assert.ok(health !== undefined);
    return [pool, backend, { health: backend === TWO ? { ...health, status: "ejected", reason: "slow" } : health }];
  });
  const heir = processAt(0, STARTED, { panic: 0.5 });
  heir.care.inherit(told);
  assert.equal(heir.care.health.stateOf("chat", TWO)?.status, "healthy");
  assert.match(heir.care.health.stateOf("chat", TWO)?.reason ?? "", /outliers are not looked for any more/);
  assert.equal(heir.care.health.panicOf("chat")?.reason, "1 of 2 backends are well");
});

test("backends and pools that there are not any more are passed over, and so is what was told of the rest", () => {
  const heir = processAt(0, STARTED);
  heir.care.inherit([
    ["gone", ONE, { warmingSince: STARTED }],
    ["chat", "ws://gone.test:81", { warmingSince: STARTED, standing: { state: "active", since: 1 } }],
    ["chat", ONE, {}],
  ]);
  assert.deepEqual(heir.told, []);
  assert.deepEqual(heir.care.warming.warmths(), []);
});
