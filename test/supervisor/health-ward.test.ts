/** What the health of a pool's backends has to do with each other. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { Sketch } from "../../src/health/index.ts";
import type { HealthSignal, VitalSigns } from "../../src/health/index.ts";
import type { Warmth } from "../../src/supervisor/messages.ts";
import { Warming } from "../../src/supervisor/warming.ts";
import { NOTHING } from "../health/signs.ts";
import { boardWith, FOUR, ONE, poolsWith, THREE, TWO } from "./board.ts";

const ALL = [ONE, TWO, THREE, FOUR];
const OUTLIERS = { window: "6s", minSamples: 10, ejection: "10s", maxEjection: "40s", maxEjected: 0.5 };

const signs = (parts: Partial<VitalSigns>): VitalSigns => ({ ...NOTHING, ...parts });

const handshakes = (time: number): VitalSigns => {
  const sketch = new Sketch();
  for (let at = 0; at < 20; at += 1) sketch.add(time);
  return signs({ attempts: 20, handshakes: sketch.buckets() });
};

test("who stands out is ejected for a time, workers are told, and its end is a return", () => {
  const { board, notices, told, pass, statuses, wheel } = boardWith({ outliers: OUTLIERS }, { backends: ALL });
  board.takeVitals(ALL.map((backend) => ["chat", backend, handshakes(backend === TWO ? 800 : 10)] as const));
  pass(1_100);
  assert.deepEqual(statuses(), ["healthy", "ejected", "healthy", "healthy"]);
  assert.match(board.stateOf("chat", TWO)?.reason ?? "", /^handshakes are answered after 790ms, by the others after /);
  assert.deepEqual(notices, [{ pool: "chat", backend: TWO, healthy: false, panic: false, watched: false }]);
  board.observe("chat", TWO, "dial-failed");
  pass(9_700);
  assert.deepEqual(statuses(), ["healthy", "ejected", "healthy", "healthy"]);
  pass(500);
  assert.deepEqual(statuses(), ["healthy", "healthy", "healthy", "healthy"]);
  assert.deepEqual(notices.at(-1), { pool: "chat", backend: TWO, healthy: true, panic: false, watched: false });
  assert.deepEqual(told, ["backend-ejected", "backend-healthy"]);
  pass(60_000);
  assert.deepEqual(told.length, 2, "what was seen before its ejection does not count again");
  board.stop();
  assert.equal(wheel.size, 0);
});

test("who comes back is judged by what is seen from then on, wherever it comes back from", async () => {
  const { board, pass, statuses, fall, asked } = boardWith({ outliers: OUTLIERS, cooldown: "1s" }, { backends: ALL });
  const slow = (backends: readonly string[]): void =>
    board.takeVitals(backends.map((name) => ["chat", name, handshakes(name === TWO ? 800 : 10)] as const));
  slow(ALL);
  pass(1_100);
  assert.equal(statuses()[1], "ejected");
  // What workers tell while it is out was mostly seen before, or of tunnels that are being ended.
  pass(6_000);
  slow([TWO]);
  pass(2_900);
  slow(ALL);
  assert.equal(statuses()[1], "ejected");
  pass(1_500);
  assert.equal(statuses()[1], "healthy");
  pass(5_000);
  assert.equal(statuses()[1], "healthy");

  fall(TWO);
  slow(ALL);
  pass(1_100);
  await asked[0]?.answer();
  assert.equal(statuses()[1], "healthy");
  pass(2_000);
  assert.equal(statuses()[1], "healthy");
  slow([TWO]);
  pass(1_100);
  assert.equal(statuses()[1], "ejected", "what is seen from then on counts");
});

test("who comes back from an ejection warms up; who is only tried in a panic does not", () => {
  const { board, notices, pass, wheel, now, fall } = boardWith({ outliers: OUTLIERS, panic: 0.5 }, { backends: ALL });
  const told: Warmth[] = [];
  const pools = poolsWith({}, ALL).map((pool) => ({ ...pool, admission: { ...pool.admission, slowStart: 20_000 } }));
  const warming = new Warming(pools, {
    clock: { now, wall: now },
    wheel,
    tell: (warmth) => void told.push(warmth),
  });
  const hear = (): void => notices.splice(0).forEach((notice) => warming.noticed(notice));
  board.takeVitals(ALL.map((backend) => ["chat", backend, handshakes(backend === TWO ? 800 : 10)] as const));
  pass(1_100);
  hear();
  assert.equal(told.length, 0);
  pass(10_000);
  hear();
  assert.deepEqual(told[0], ["chat", TWO, 0.1]);
  told.length = 0;
  fall(ONE);
  fall(THREE);
  assert.equal(board.panics("chat"), true);
  hear();
  assert.ok(told.every(([, backend]) => backend === TWO));
});

test("reloads that change nothing of it do not put off the look for outliers", () => {
  const { board, pass, statuses } = boardWith({ outliers: OUTLIERS }, { backends: ALL });
  board.takeVitals(ALL.map((backend) => ["chat", backend, handshakes(backend === TWO ? 800 : 10)] as const));
  for (let reloads = 0; reloads < 2; reloads += 1) {
    pass(900);
    board.update(poolsWith({ outliers: OUTLIERS }, ALL));
  }
  assert.deepEqual(statuses(), ["healthy", "ejected", "healthy", "healthy"]);
});

test("another window, or none, goes for the look for outliers at once", () => {
  const { board, pass, statuses } = boardWith({ outliers: { ...OUTLIERS, window: "10m" } }, { backends: ALL });
  const see = (): void =>
    board.takeVitals(ALL.map((backend) => ["chat", backend, handshakes(backend === TWO ? 800 : 10)] as const));
  board.update(poolsWith({ outliers: OUTLIERS }, ALL));
  see();
  pass(1_100);
  assert.deepEqual(statuses(), ["healthy", "ejected", "healthy", "healthy"]);
  board.update(poolsWith({ outliers: "off" }, ALL));
  board.update(poolsWith({ outliers: OUTLIERS }, ALL));
  see();
  pass(1_100);
  assert.deepEqual(statuses(), ["healthy", "ejected", "healthy", "healthy"], "who looks again does so from then on");
});

test("no more than the share is ejected, the worst first, and who is unhealthy counts", () => {
  const { board, pass, statuses, fall } = boardWith(
    { outliers: { ...OUTLIERS, maxEjected: 0.5 } },
    { backends: [...ALL, "ws://five.test:81", "ws://six.test:81", "ws://seven.test:81"] },
  );
  fall(ONE);
  const times = [1, 500, 900, 700, 10, 10, 10];
  const backends = board.notices().map(({ backend }) => backend);
  board.takeVitals(backends.map((backend, at) => ["chat", backend, handshakes(times[at] ?? 0)] as const));
  pass(1_100);
  assert.deepEqual(statuses().slice(0, 4), ["unhealthy", "healthy", "ejected", "ejected"]);
});

test("vitals are nobody's where a pool looks for no outliers", () => {
  const { board, pass, statuses } = boardWith({});
  board.takeVitals([
    ["chat", ONE, handshakes(9_000)],
    ["chat", TWO, handshakes(1)],
    ["mail", ONE, handshakes(1)],
    ["chat", THREE, handshakes(1)],
  ]);
  pass(60_000);
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
});

test("an ejection ends when the only other backend falls, when it is alone, and when nobody looks for outliers", () => {
  const eject = () => {
    const world = boardWith({ outliers: OUTLIERS });
    world.board.takeVitals([
      ["chat", ONE, handshakes(900)],
      ["chat", TWO, handshakes(1)],
    ]);
    world.pass(1_100);
    assert.deepEqual(world.statuses(), ["ejected", "healthy"]);
    return world;
  };
  const falling = eject();
  falling.fall(TWO);
  assert.deepEqual(falling.statuses(), ["healthy", "unhealthy"]);

  const alone = eject();
  alone.board.update(poolsWith({ outliers: OUTLIERS }, [ONE]));
  assert.equal(alone.board.stateOf("chat", ONE)?.status, "healthy");

  const off = eject();
  off.board.update(poolsWith({}));
  assert.deepEqual(off.statuses(), ["healthy", "healthy"]);
  assert.match(off.board.stateOf("chat", ONE)?.reason ?? "", /not looked for any more/);

  const drained = eject();
  drained.board.update(poolsWith({ outliers: OUTLIERS }, [ONE, { url: TWO, state: "draining" }]));
  assert.deepEqual(drained.statuses(), ["healthy", "healthy"], "who is drained takes no work from it");
});

test("where nobody is well any more one ejection ends, the one that would have ended first; the others are left alone", () => {
  const { board, pass, statuses, fall, now } = boardWith({ outliers: OUTLIERS }, { backends: ALL });
  const see = (slow: string): void =>
    board.takeVitals(ALL.map((backend) => ["chat", backend, handshakes(backend === slow ? 800 : 10)] as const));
  see(THREE);
  pass(1_100);
  for (let times = 0; times < 3; times += 1) see(TWO);
  pass(1_100);
  assert.deepEqual(statuses(), ["healthy", "ejected", "ejected", "healthy"]);
  fall(ONE);
  fall(FOUR);
  assert.deepEqual(statuses(), ["unhealthy", "ejected", "healthy", "unhealthy"]);
  assert.match(board.stateOf("chat", THREE)?.reason ?? "", /nobody else of its pool is well/);
  assert.equal(board.stateOf("chat", ONE)?.probeAt, now() + 5_000, "it has its cool-down");
  assert.equal(board.stateOf("chat", FOUR)?.probeAt, now() + 5_000);
  fall(THREE);
  assert.deepEqual(statuses(), ["unhealthy", "healthy", "unhealthy", "unhealthy"], "the next one is let back");
  fall(TWO);
  assert.deepEqual(
    ALL.map((backend) => board.stateOf("chat", backend)?.probeAt),
    ALL.map(() => now() + 1_000),
    "nobody is ejected, and nobody left alone",
  );
});

test("when so few are well that the pool panics all are tried, and no more once enough are well", async () => {
  const { board, notices, told, pass, fall, asked, logged } = boardWith({ panic: 0.5 }, { backends: ALL });
  fall(ONE);
  assert.equal(board.panics("chat"), false);
  notices.length = 0;
  fall(TWO);
  assert.equal(board.panics("chat"), true);
  assert.deepEqual(
    notices.slice(-4).map(({ backend, healthy, panic }) => [backend, healthy, panic]),
    [
      [ONE, false, true],
      [TWO, false, true],
      [THREE, true, true],
      [FOUR, true, true],
    ],
  );
  assert.ok(
    board.notices().every(({ panic }) => panic),
    "new workers are told as well",
  );
  pass(5_100);
  await asked[0]?.answer();
  assert.equal(board.panics("chat"), false);
  assert.ok(notices.slice(-4).every(({ panic }) => !panic));
  assert.deepEqual(
    told.filter((type) => type.startsWith("pool")),
    ["pool-panics", "pool-calm"],
  );
  assert.ok(logged.includes("warn: too few backends are well: all are tried"));
});

test("the last one of a pool is not held back for its flapping", async () => {
  const flapping = { limit: 1, reuse: 0.5, halfLife: "10m", maxHold: "1h" };
  const { board, fall, pass, asked, statuses } = boardWith({ flapping, cooldown: "1s", maxCooldown: "1s" });
  const recover = async (): Promise<void> => {
    pass(1_200);
    for (const probe of asked.splice(0)) await probe.answer();
  };
  fall(ONE);
  await recover();
  fall(ONE);
  await recover();
  assert.deepEqual(statuses(), ["unhealthy", "healthy"], "it is held back while there is another one");
  assert.equal(board.stateOf("chat", ONE)?.flaps, 2);
  fall(TWO);
  await recover();
  assert.equal(board.isHealthy("chat", ONE), true);
});

test("whatever is seen of them: never too many are ejected, somebody is always let back, and every ejection ends", () => {
  const BACKENDS = [...ALL, "ws://five.test:81", "ws://six.test:81", "ws://seven.test:81"];
  const signal = fc.constantFrom<HealthSignal>("success", "dial-failed", "unexpected-close", "heartbeat-timeout");
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 8_000 }),
    backend: fc.nat({ max: 6 }),
    signals: fc.array(signal, { maxLength: 4 }),
    times: fc.array(fc.constantFrom(1, 10, 400, 900, 5_000), { minLength: 7, maxLength: 7 }),
  });
  const setting = fc.record({
    size: fc.integer({ min: 1, max: 7 }),
    maxEjected: fc.constantFrom(0.1, 0.3, 0.5, 1),
    panic: fc.constantFrom<number | "off">("off", 0, 0.5),
  });
  fc.assert(
    fc.property(setting, fc.array(step, { maxLength: 60 }), fc.integer(), (set, steps, seed) => {
      const backends = BACKENDS.slice(0, set.size);
      const health = { outliers: { ...OUTLIERS, maxEjected: set.maxEjected }, panic: set.panic, cooldownJitter: 0.2 };
      const { board, pass, statuses, now, asked } = boardWith(health, { backends, seed });
      const most = set.size < 2 ? 0 : Math.min(set.size - 1, Math.max(1, Math.floor(set.maxEjected * set.size)));
      const check = (): void => {
        const all = statuses();
        const well = all.filter((status) => status === "healthy").length;
        assert.ok(all.filter((status) => status === "ejected").length <= Math.min(most, well === 0 ? 0 : most));
        const shouldPanic = set.panic !== "off" && well < set.size && well <= set.panic * set.size;
        assert.equal(board.panics("chat"), shouldPanic);
        for (const backend of backends) {
          const state = board.stateOf("chat", backend);
          assert.ok(state !== undefined);
          if (state.status === "ejected")
            assert.ok(state.probeAt <= state.since + 300_000 && state.probeAt > now() - 200);
          if (well === 0 && state.status === "unhealthy") assert.ok(state.probeAt <= Math.max(state.coolsUntil, now()));
        }
      };
      for (const { wait, backend, signals, times } of steps) {
        board.takeVitals(backends.map((name, at) => ["chat", name, handshakes(times[at] ?? 1)] as const));
        for (const one of signals) board.observe("chat", backends[backend % set.size] ?? ONE, one);
        check();
        pass(wait);
        check();
      }
      pass(300_100);
      check();
      assert.ok(!statuses().includes("ejected"), "nothing new has been seen for long");
      assert.ok(asked.every(({ question }) => question.kind === "recovery"));
      board.stop();
    }),
    { numRuns: 60 },
  );
});

test("who stands out when as many are out as may be stays, and it is told why and since when", () => {
  const { board, pass, statuses, now } = boardWith({ outliers: { ...OUTLIERS, maxEjected: 0.25 } }, { backends: ALL });
  const time = (backend: string): number => (backend === TWO ? 800 : backend === THREE ? 600 : 10);
  const see = (): void => {
    board.takeVitals(ALL.map((backend) => ["chat", backend, handshakes(time(backend))] as const));
    pass(1_100);
  };
  see();
  assert.deepEqual(statuses(), ["healthy", "ejected", "healthy", "healthy"]);
  const spared = board.sparedFor("chat", THREE);
  assert.match(spared?.reason ?? "", /^handshakes are answered after 593ms, by the others after 10ms/);
  assert.equal(board.sparedFor("chat", ONE), undefined);
  see();
  assert.equal(board.sparedFor("chat", THREE)?.since, spared?.since, "it has been so since then");
  board.observe("chat", THREE, "dial-failed");
  board.observe("chat", THREE, "dial-failed");
  board.observe("chat", THREE, "dial-failed");
  assert.equal(board.sparedFor("chat", THREE), undefined, "it is out now");
  assert.ok((spared?.since ?? 0) < now());
  board.update(poolsWith({ outliers: "off" }, ALL));
  assert.equal(board.sparedFor("chat", THREE), undefined);
});

test("a panic has its time, and says how many are well while it lasts", () => {
  const { board, pass, fall } = boardWith({ panic: 0.5 }, { backends: ALL });
  pass(1_000);
  fall(ONE);
  assert.equal(board.panicOf("chat"), undefined);
  fall(TWO);
  assert.deepEqual(board.panicOf("chat"), { reason: "2 of 4 backends are well", since: 1_000 });
  pass(500);
  fall(THREE);
  assert.deepEqual(board.panicOf("chat"), { reason: "1 of 4 backends are well", since: 1_000 });
  assert.equal(board.panicOf("nowhere"), undefined);
});
