import assert from "node:assert/strict";
import test from "node:test";

import { Seldom } from "../../src/base/index.ts";

test("what happens often is told at once, and then once in an interval with how often it was", () => {
  let now = 0;
  const told: string[] = [];
  const clock = { now: () => now, wall: () => now };
  const seldom = new Seldom(clock, 1_000, (times, reason) => void told.push(`${times} ${reason}`));
  for (now = 0; now < 2_500; now += 100) seldom.note(`at ${now}`);
  assert.deepEqual(told, ["1 at 0", "10 at 1000", "10 at 2000"]);
});
