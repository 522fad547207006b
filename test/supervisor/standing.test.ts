/** Since when backends are active, drained or removed. */
import assert from "node:assert/strict";
import test from "node:test";

import { Standings } from "../../src/supervisor/standing.ts";
import { ONE, poolsWith, TWO } from "./board.ts";

const scene = (...backends: Parameters<typeof poolsWith>[1] & object) => {
  const time = { wall: 1_000 };
  const standings = new Standings(poolsWith({}, backends), { now: () => 0, wall: () => time.wall });
  const update = (wall: number, ...later: typeof backends): void => {
    time.wall = wall;
    standings.update(poolsWith({}, later));
  };
  return { standings, update };
};

test("a state has begun when it was another one before", () => {
  const { standings, update } = scene(ONE, { url: TWO, state: "draining" });
  assert.deepEqual(standings.of("chat", TWO), { state: "draining", since: 1_000 });
  update(2_000, { url: ONE, state: "draining" }, { url: TWO, state: "draining" });
  assert.deepEqual(standings.of("chat", ONE), { state: "draining", since: 2_000 });
  assert.deepEqual(standings.of("chat", TWO), { state: "draining", since: 1_000 });
  update(3_000, TWO);
  update(4_000, TWO);
  assert.deepEqual(standings.of("chat", ONE), { state: "removed", since: 3_000 });
  assert.deepEqual(standings.of("chat", TWO), { state: "active", since: 3_000 });
  assert.equal(standings.of("chat", "ws://never.test:81"), undefined);
});

test("what the process before knew goes on only where it is still so", () => {
  const { standings } = scene(ONE, { url: TWO, state: "draining" });
  standings.inherit("chat", ONE, { state: "draining", since: 5 });
  standings.inherit("chat", TWO, { state: "draining", since: 5 });
  standings.inherit("chat", "ws://never.test:81", { state: "active", since: 5 });
  assert.deepEqual(standings.of("chat", ONE), { state: "active", since: 1_000 });
  assert.deepEqual(standings.of("chat", TWO), { state: "draining", since: 5 });
  assert.equal(standings.of("chat", "ws://never.test:81"), undefined);
});

test("of those that were removed long ago, the first are forgotten", () => {
  const many = Array.from({ length: 1_001 }, (_, index) => `ws://b${index}.test:81`);
  const { standings, update } = scene(ONE, ...many);
  update(2_000, ONE);
  assert.equal(standings.of("chat", "ws://b0.test:81"), undefined);
  assert.deepEqual(standings.of("chat", "ws://b1000.test:81"), { state: "removed", since: 2_000 });
});
