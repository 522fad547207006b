/** Slow start: who warms up, and what workers are told, on a clock that the test turns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Wheel } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { PoolConfig } from "../../src/config/index.ts";
import type { Warmth } from "../../src/supervisor/messages.ts";
import { Warming } from "../../src/supervisor/warming.ts";

const [ONE, TWO] = ["ws://127.0.0.1:81", "ws://127.0.0.1:82"];

const poolsOf = (backends: readonly string[], slowStart = "20s"): PoolConfig[] =>
  Object.values(
    parseConfig({ pools: { default: { backends: [...backends], admission: { slowStart } } } }).config.pools,
  );

const start = (backends: readonly string[]) => {
  let now = 0;
  const clock = { now: () => now, wall: () => now };
  const wheel = new Wheel(clock);
  const told: Warmth[] = [];
  const warming = new Warming(poolsOf(backends), { clock, wheel, tell: (warmth) => void told.push(warmth) });
  const pass = (time: number): void => {
    for (const end = now + time; now < end;) {
      now += 100;
      wheel.tick();
    }
  };
  const health = (backend: string, healthy: boolean): void =>
    warming.noticed({ pool: "default", backend, healthy, watched: false });
  return { warming, told, pass, health, wheel };
};

const factors = (told: readonly Warmth[]): number[] => told.map(([, , factor]) => Math.round(factor * 1_000) / 1_000);

test("what is there when the instance starts has its whole weight", () => {
  const { warming, told, pass, health } = start([ONE]);
  health(ONE, true);
  pass(30_000);
  assert.deepEqual([told, warming.warmths()], [[], []]);
});

test("a backend that is added goes from a tenth to the whole in 20 steps, and workers that come meanwhile are told", () => {
  const { warming, told, pass, wheel } = start([ONE]);
  warming.update(poolsOf([ONE, TWO]));
  assert.deepEqual(told, [["default", TWO, 0.1]]);
  pass(10_000);
  assert.deepEqual(factors(warming.warmths()), [0.55]);
  pass(10_000);
  assert.deepEqual(factors(told).slice(0, 4), [0.1, 0.145, 0.19, 0.235]);
  assert.deepEqual([factors(told).length, factors(told).at(-1)], [21, 1]);
  assert.deepEqual([warming.warmths(), wheel.size], [[], 0]);
});

test("a backend that is well again begins anew, however often", () => {
  const { warming, told, pass, health } = start([ONE]);
  health(ONE, false);
  assert.deepEqual(told, []);
  health(ONE, true);
  pass(5_000);
  health(ONE, true);
  health(ONE, false);
  assert.deepEqual([warming.warmths(), factors(told).at(-1)], [[], 1], "it gets nothing as it is");
  told.length = 0;
  health(ONE, true);
  assert.deepEqual(factors(told), [0.1]);
});

test("one that is removed is forgotten, and without slow start all have their weight at once", () => {
  const { warming, told, pass, health, wheel } = start([ONE]);
  warming.update(poolsOf([ONE, TWO]));
  warming.update(poolsOf([ONE]));
  assert.deepEqual([warming.warmths(), wheel.size], [[], 0]);
  warming.update(poolsOf([ONE, TWO]));
  warming.update(poolsOf([ONE, TWO], "off"));
  pass(1_100);
  assert.deepEqual([factors(told).at(-1), warming.warmths(), wheel.size], [1, [], 0]);
  told.length = 0;
  health(TWO, false);
  health(TWO, true);
  assert.deepEqual(told, []);
});
