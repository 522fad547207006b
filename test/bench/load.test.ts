import assert from "node:assert/strict";
import { test } from "node:test";
import { startBackend, startGenerator } from "../../bench/lab/actors.ts";
import { openLab } from "../../bench/lab/lab.ts";
import type { Load } from "../../bench/load/protocol.ts";
import { dueBy } from "../../bench/load/open-loop.ts";

/** Generator and echo, without a proxy between them. */
const direct = async (t: { after(fn: () => void): void }) => {
  const lab = openLab(new AbortController().signal);
  t.after(() => lab.close());
  const { plain } = await startBackend(lab).ask("listen", {});
  return { generator: startGenerator(lab), goal: { port: plain } };
};

test("the open loop owes as many messages as its rate says, whatever the tick", () => {
  for (const rate of [1, 333, 1000, 12_345]) {
    assert.equal(dueBy(1000, rate), rate);
    assert.equal(dueBy(0, rate), 0);
  }
});

test("the echo's answers pass the check, and every load moves and comes to rest", async (t) => {
  const { generator, goal } = await direct(t);
  await generator.ask("check", { goal, sizes: [0, 1, 125, 126, 65_536], plain: true });
  await generator.ask("open", { goal, count: 5, size: 64 });
  await generator.ask("once", { size: 64 });
  assert.equal((await generator.ask("mark", {})).units, 5);
  const loads: Load[] = [
    { kind: "closed", size: 64, inFlight: 16 },
    { kind: "turns", size: 64, active: 2 },
    { kind: "open", size: 64, rate: 500 },
    { kind: "churn", concurrency: 3 },
    { kind: "http", connections: 3 },
  ];
  for (const load of loads) {
    await generator.ask("start", { goal, load });
    // A mark fails when nothing has moved; asked until something has.
    let units = 0;
    while (units === 0) ({ units } = await generator.ask("mark", { idle: true }));
    await generator.ask("stop", {});
    assert.ok(units > 0, load.kind);
  }
  await generator.ask("close", {});
});

test("a fan-out gives everybody the same number of messages", async (t) => {
  const { generator, goal } = await direct(t);
  await generator.ask("open", { goal, count: 7, size: 256, fanOut: true });
  await generator.ask("start", { goal, load: { kind: "fan-out", size: 256 } });
  await generator.ask("stop", {});
  assert.equal((await generator.ask("mark", {})).units % 7, 0);
});

test("a connection refused and a standstill are errors, not figures", async (t) => {
  const { generator, goal } = await direct(t);
  await assert.rejects(generator.ask("open", { goal: { port: 1 }, count: 1, size: 64 }), /could not be opened/);
  await assert.rejects(generator.ask("mark", {}), /nothing moved/);
  await generator.ask("open", { goal, count: 1, size: 64 });
});
