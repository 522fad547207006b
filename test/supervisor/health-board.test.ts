/** The one truth about backends' health, with a clock, a wheel and probes of the test's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { boardWith, BROKEN, ONE, TICK, TWO } from "./board.ts";

test("failures in a row make one backend unhealthy; workers are told to watch it at the first and to leave it at the last", () => {
  const { board, notices, logged, said, statuses } = boardWith();
  board.observe("chat", ONE, "dial-failed");
  assert.deepEqual(notices, [{ pool: "chat", backend: ONE, healthy: true, panic: false, watched: true }]);
  board.observe("chat", ONE, "success");
  assert.deepEqual(notices.at(-1), { pool: "chat", backend: ONE, healthy: true, panic: false, watched: false });
  for (let failures = 0; failures < 3; failures += 1) board.observe("chat", ONE, "dial-failed");
  assert.deepEqual(notices.at(-1), { pool: "chat", backend: ONE, healthy: false, panic: false, watched: false });
  assert.deepEqual(statuses(), ["unhealthy", "healthy"]);
  assert.deepEqual(logged, ["warn: backend is unhealthy"]);
  assert.match(said.join("\n"), /^ws:\/\/one\.test:81 of pool chat is unhealthy: .*$/);
  assert.deepEqual(
    board.notices().map(({ healthy }) => healthy),
    [false, true],
    "a new worker is told",
  );
});

test("it is probed when its cool-down is over, and one success brings it back", async () => {
  const { asked, notices, logged, pass, statuses, fall } = boardWith({ cooldown: "5s" });
  fall();
  pass(4_900);
  assert.equal(asked.length, 0);
  pass(200);
  assert.deepEqual(
    asked.map(({ backend }) => backend),
    ["ws://one.test:81"],
  );
  assert.deepEqual(statuses(), ["probing", "healthy"]);
  await asked[0]?.answer();
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
  assert.deepEqual(notices.at(-1), { pool: "chat", backend: ONE, healthy: true, panic: false, watched: false });
  assert.ok(logged.includes("info: backend is healthy again"));
  pass(60_000);
  assert.equal(asked.length, 1, "who is well is not probed");
});

test("each failed probe doubles the cool-down, up to its limit", async () => {
  const { asked, pass, fall } = boardWith({ cooldown: "1s", maxCooldown: "4s" });
  fall();
  for (let probes = 1; probes <= 5; probes += 1) {
    while (asked.length < probes) pass(TICK);
    await asked.at(-1)?.answer(BROKEN);
  }
  const waits = asked.map(({ at }, index) => at - (asked[index - 1]?.at ?? 0));
  for (const [index, expected] of [1_000, 2_000, 4_000, 4_000, 4_000].entries()) {
    assert.ok(Math.abs((waits[index] ?? 0) - expected) <= 2 * TICK, waits.join(", "));
  }
});

test("while no backend of the pool is well, each is probed every second, and no cool-down grows", async () => {
  const { asked, pass, fall, statuses, logged } = boardWith({ cooldown: "30s" });
  fall(ONE);
  pass(10_000);
  assert.equal(asked.length, 0, "the other one is well: this one is left alone");
  fall(TWO);
  pass(TICK);
  assert.deepEqual(
    asked.map(({ backend }) => backend),
    [ONE],
    "its second is over",
  );
  await asked[0]?.answer(BROKEN);
  for (let probes = 2; probes <= 9; probes += 1) {
    while (asked.length < probes) pass(TICK);
    await asked.at(-1)?.answer(BROKEN);
  }
  const times = asked.filter(({ backend }) => backend === ONE).map(({ at }) => at);
  for (const [index, at] of times.slice(1).entries())
    assert.ok(at - (times[index] ?? 0) <= 1_000 + 2 * TICK, times.join());
  assert.equal(logged.filter((line) => line.endsWith("backend is still unhealthy")).length, 9);
  while (statuses()[1] !== "probing") pass(TICK);
  await asked.at(-1)?.answer();
  assert.deepEqual(statuses(), ["unhealthy", "healthy"]);
  const last = asked.length;
  fall(TWO);
  pass(2_000);
  assert.ok(asked.length > last, "the other one is asked at once again");
});

test("several successes are asked for when the configuration says so, and one failure between them begins anew", async () => {
  const { asked, pass, statuses, fall } = boardWith({ successThreshold: 2, probe: { interval: "1s" } });
  fall();
  pass(5_100);
  await asked[0]?.answer();
  assert.deepEqual(statuses(), ["probing", "healthy"]);
  pass(1_100);
  await asked[1]?.answer(BROKEN);
  assert.deepEqual(statuses(), ["unhealthy", "healthy"]);
  pass(10_200);
  await asked[2]?.answer();
  pass(1_100);
  await asked[3]?.answer();
  assert.deepEqual(statuses(), ["healthy", "healthy"]);
});

test("a probe that cannot even be sent has failed", async () => {
  const { asked, pass, statuses, fall, board } = boardWith();
  fall();
  pass(5_100);
  await asked[0]?.fail(new TypeError("no such thing"));
  assert.deepEqual(statuses(), ["unhealthy", "healthy"]);
  assert.match(board.stateOf("chat", ONE)?.reason ?? "", /the probe failed/);
});

test("a stop gives up the probes under way, and begins no more", async () => {
  const { board, asked, notices, pass, fall, wheel, statuses } = boardWith();
  fall(ONE);
  pass(5_100);
  fall(TWO);
  const told = notices.length;
  board.stop();
  assert.equal(asked[0]?.signal.aborted, true);
  assert.equal(wheel.size, 0, "nothing waits any more");
  await asked[0]?.answer();
  assert.deepEqual(statuses(), ["probing", "unhealthy"], "what a probe says then is not heard");
  assert.equal(notices.length, told);
  board.observe("chat", ONE, "dial-failed");
  pass(60_000);
  assert.equal(asked.length, 1);
});

test("what is still told of a backend that is not there does not matter", () => {
  const { board, notices } = boardWith();
  board.observe("chat", "ws://gone.test:1", "dial-failed");
  board.observe("mail", ONE, "dial-failed");
  assert.deepEqual(notices, []);
  assert.equal(board.stateOf("mail", ONE), undefined);
});

test("what is known of a backend lives on through other configurations, and one that is removed is asked no more", async () => {
  const { board, pools, fall, asked, pass, wheel } = boardWith();
  fall(ONE);
  fall(TWO);
  const before = board.stateOf("chat", ONE);
  board.update(pools.map((pool) => ({ ...pool, backends: pool.backends.slice(0, 1) })));
  assert.equal(board.stateOf("chat", ONE), before);
  assert.equal(board.stateOf("chat", TWO), undefined);
  assert.equal(wheel.size, 1);
  pass(5_100);
  assert.deepEqual(
    asked.map(({ backend }) => backend),
    [ONE],
  );
  board.update([]);
  await asked[0]?.answer();
  assert.equal(board.stateOf("chat", ONE), undefined, "nor is its answer heard");
  board.update(pools);
  assert.equal(board.stateOf("chat", ONE)?.status, "healthy", "who comes back after that is new");
});
