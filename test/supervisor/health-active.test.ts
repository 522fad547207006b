/** Probes at all times, with a clock, a wheel and probes of the test's own. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { boardWith, BROKEN, ONE, poolsWith, TWO } from "./board.ts";

const ACTIVE = { kind: "http", path: "/up", interval: "5s", jitter: 0, timeout: "1s", rise: 2, fall: 2 };

test("every backend is probed at the interval, in the way that the pool says, from soon after the start", async () => {
  const { asked, pass, statuses } = boardWith({ active: ACTIVE });
  pass(1_000);
  assert.deepEqual(
    asked.map(({ backend, question }) => [backend, question.kind]),
    [
      [ONE, "http"],
      [TWO, "http"],
    ],
  );
  for (const probe of asked) await probe.answer();
  pass(10_000);
  assert.equal(asked.length, 4, "one that is not answered is not overtaken by the next");
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
});

test("probes are spread at random, the first ones too, and stay within their jitter", async () => {
  const { asked, pass, now } = boardWith({ active: { ...ACTIVE, jitter: 0.5 } }, { seed: 7 });
  const times: number[] = [];
  while (now() < 600_000) {
    pass(100);
    for (const probe of asked.splice(0)) {
      if (probe.backend === ONE) times.push(probe.at);
      await probe.answer();
    }
  }
  assert.ok((times[0] ?? 0) <= 1_100);
  const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  assert.ok(Math.min(...waits) >= 2_500 && Math.max(...waits) <= 5_200, `${Math.min(...waits)} ${Math.max(...waits)}`);
  assert.ok(new Set(waits).size > 10, "they differ");
});

test("so many failures make a backend unhealthy, so many successes bring it back, and the recovery's own probe rests", async () => {
  const { asked, pass, statuses, notices, told, board } = boardWith({ active: ACTIVE, cooldown: "1s" });
  const answer = async (wait: number, failure?: typeof BROKEN): Promise<void> => {
    pass(wait);
    for (const { backend, question, ...probe } of asked.splice(0)) {
      assert.equal(question.kind, "http");
      await probe.answer(backend === ONE ? failure : undefined);
    }
  };
  await answer(100, BROKEN);
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
  await answer(5_100, BROKEN);
  assert.deepEqual(statuses(), ["unhealthy", "healthy"]);
  assert.equal(board.stateOf("chat", ONE)?.reason, "2 probes in a row failed, the last: refused");
  assert.deepEqual(notices, [{ pool: "chat", backend: ONE, healthy: false, panic: false, watched: false }]);
  await answer(5_100);
  assert.deepEqual(statuses(), ["probing", "healthy"]);
  await answer(5_100);
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
  assert.deepEqual(told, ["backend-unhealthy", "backend-healthy"]);
});

test("where nobody is well, all are probed every second, and one good probe brings a backend back", async () => {
  const { asked, pass, statuses, fall, now } = boardWith({ active: ACTIVE });
  pass(1_000);
  for (const probe of asked.splice(0)) await probe.answer();
  fall(ONE);
  fall(TWO);
  const times: number[] = [];
  while (times.length < 4) {
    pass(100);
    for (const probe of asked.splice(0)) {
      if (probe.backend === ONE) times.push(now());
      await probe.answer(BROKEN);
    }
  }
  for (const [index, at] of times.slice(1).entries()) assert.ok(at - (times[index] ?? 0) <= 1_200, times.join());
  while (asked.length === 0) pass(100);
  const [probe, ...others] = asked.splice(0);
  await probe?.answer();
  const back = probe?.backend === ONE ? 0 : 1;
  assert.equal(statuses()[back], "healthy");
  for (const one of others) await one.answer(BROKEN);
  while (statuses()[1 - back] === "unhealthy") {
    pass(100);
    for (const one of asked.splice(0)) await one.answer();
  }
  assert.equal(statuses()[1 - back], "probing", "the other one has to pass two again");
  pass(4_800);
  assert.equal(asked.length, 0, "and they are as rare as before");
});

test("what a backend says of its load in an answer is handed on", async () => {
  const { asked, pass, loads } = boardWith({ active: ACTIVE });
  pass(100);
  await asked[0]?.answer(undefined, 0.25);
  await asked[1]?.answer(BROKEN);
  assert.deepEqual(loads, [["chat", ONE, 0.25]]);
});

test("probes can be switched on and off while it runs", async () => {
  const { board, asked, pass, statuses, wheel } = boardWith();
  pass(10_000);
  assert.equal(asked.length, 0);
  board.update(poolsWith({ active: { ...ACTIVE, fall: 1 } }));
  pass(100);
  assert.equal(asked.length, 2);
  for (const probe of asked.splice(0)) await probe.answer(BROKEN);
  assert.deepEqual(statuses(), ["unhealthy", "unhealthy"]);
  board.update(poolsWith({ active: "off" }));
  pass(5_100);
  assert.deepEqual(
    asked.map(({ question }) => question.kind),
    ["recovery", "recovery"],
    "now it is the recovery's own probe that brings them back",
  );
  for (const probe of asked.splice(0)) await probe.answer();
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
  assert.equal(wheel.size, 0);
});

test("an answer to what is not asked any more is not heard", async () => {
  const { board, asked, pass, statuses } = boardWith({ active: { ...ACTIVE, fall: 1 } });
  pass(100);
  board.update(poolsWith({}));
  await asked[0]?.answer(BROKEN);
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
  board.stop();
  await asked[1]?.fail(new TypeError("no such thing"));
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
});

test("what is asked otherwise is asked anew, and what was under way is given up", async () => {
  const { board, asked, pass, statuses } = boardWith({ active: { ...ACTIVE, fall: 1 } });
  pass(100);
  board.update(poolsWith({ active: { ...ACTIVE, path: "/other", fall: 1 } }));
  const [before] = asked.splice(0);
  assert.equal(before?.signal.aborted, true);
  await before?.answer(BROKEN);
  assert.deepEqual(statuses(), ["healthy", "healthy"], "nobody wants to know that any more");
  pass(1_000);
  assert.deepEqual(
    asked.map(({ question }) => "path" in question && question.path),
    ["/other", "/other"],
    "and the new question does not wait for the old answer",
  );
  board.update(poolsWith({ active: { ...ACTIVE, path: "/other", fall: 1 }, panic: 0 }));
  assert.equal(asked[0]?.signal.aborted, false, "other options leave it alone");
  await asked[0]?.answer(BROKEN);
  assert.deepEqual(statuses(), ["unhealthy", "healthy"]);
  const trusting = poolsWith({ active: { ...ACTIVE, path: "/other", fall: 1 } });
  board.update(trusting.map((pool) => ({ ...pool, tls: { verify: false } })));
  assert.equal(asked[1]?.signal.aborted, true, "nor does an answer by other rules of trust count");
});

test("a backend that is removed while it is probed is probed no longer", async () => {
  const active = boardWith({ active: ACTIVE });
  active.pass(100);
  active.board.update(poolsWith({ active: ACTIVE }, [ONE]));
  assert.deepEqual(
    active.asked.map(({ backend, signal }) => [backend, signal.aborted]),
    [
      [ONE, false],
      [TWO, true],
    ],
  );
  const recovery = boardWith();
  recovery.fall(TWO);
  recovery.pass(5_100);
  recovery.board.update(poolsWith({}, [ONE]));
  assert.deepEqual(
    recovery.asked.map(({ backend, signal }) => [backend, signal.aborted]),
    [[TWO, true]],
  );
});

test("active probes that begin take the place of the recovery's, and give it back when they end", async () => {
  const { board, asked, fall, pass, statuses } = boardWith();
  fall(ONE);
  pass(5_100);
  assert.deepEqual(statuses(), ["probing", "healthy"]);
  board.update(poolsWith({ active: { ...ACTIVE, rise: 2 } }));
  const [recovery] = asked.splice(0);
  assert.equal(recovery?.signal.aborted, true);
  await recovery?.answer();
  assert.deepEqual(statuses(), ["probing", "healthy"], "it is the active ones that decide");
  pass(1_000);
  for (const probe of asked.splice(0)) await probe.answer();
  assert.deepEqual(statuses(), ["probing", "healthy"], "one of two");
  pass(5_100);
  for (const probe of asked.splice(0)) await probe.answer();
  assert.deepEqual(statuses(), ["healthy", "healthy"]);

  fall(ONE);
  board.update(poolsWith({}));
  pass(10_100);
  assert.deepEqual(
    asked.map(({ backend, question }) => [backend, question.kind]),
    [[ONE, "recovery"]],
  );
  await asked[0]?.answer();
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
});
