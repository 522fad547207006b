import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";

import { seededRandom } from "../../src/base/index.ts";
import { Pacer } from "../../src/moves/index.ts";

const anyPace = fc.record({
  rate: fc.oneof(fc.double({ min: 0.01, max: 5, noNaN: true }), fc.double({ min: 5, max: 5_000, noNaN: true })),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const steps = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 200 });

test("whatever the steps, the sum stays within one step's jitter of rate times time", () => {
  fc.assert(
    fc.property(anyPace, steps, fc.integer(), (pace, elapsed, seed) => {
      const random = seededRandom(seed);
      const pacer = new Pacer(pace, 0);
      let now = 0;
      let sum = 0;
      for (const time of elapsed) {
        now += time;
        sum += pacer.step(now, Number.POSITIVE_INFINITY, random);
        const slack = 1 + pace.jitter * Math.max(1, pace.rate) + 1e-6;
        assert.ok(Math.abs(sum - (pace.rate * now) / 1_000) <= slack, `${sum} after ${now} ms`);
      }
    }),
  );
});

test("a step never gives more than what is left", () => {
  fc.assert(
    fc.property(anyPace, steps, fc.nat(20), fc.integer(), (pace, elapsed, left, seed) => {
      const random = seededRandom(seed);
      const pacer = new Pacer(pace, 0);
      let now = 0;
      for (const time of elapsed) {
        now += time;
        const given = pacer.step(now, left, random);
        assert.ok(Number.isInteger(given) && given >= 0 && given <= left);
      }
    }),
  );
});

test("steps differ at random, by no more than the jitter says", () => {
  const random = seededRandom(3);
  const pacer = new Pacer({ rate: 1_000, jitter: 0.3 }, 0);
  const given = Array.from({ length: 500 }, (_, index) => pacer.step((index + 1) * 100, 1e9, random));
  assert.ok(new Set(given).size > 30);
  // What one step got too little the next one may get on top: twice the jitter.
  assert.ok(given.every((count) => count >= 100 * 0.4 - 1 && count <= 100 * 1.6 + 1));
});

test("without jitter the steps are even", () => {
  const pacer = new Pacer({ rate: 40, jitter: 0 }, 0);
  for (let step = 1; step <= 100; step += 1) assert.equal(pacer.step(step * 50, 1e9, Math.random), 2);
});

test("below one in a step, it is the time between two that varies", () => {
  const random = seededRandom(5);
  const pacer = new Pacer({ rate: 1, jitter: 0.5 }, 0);
  const at = Array.from({ length: 20_000 }, (_, index) => index * 50).filter((now) => pacer.step(now, 1e9, random) > 0);
  assert.ok(Math.abs(at.length - 1_000) <= 2);
  assert.ok(new Set(at.slice(1).map((time, index) => time - (at[index] ?? 0))).size > 5);
});

test("after a pause at most a second's worth comes, also when nothing was left to move in between", () => {
  const long = new Pacer({ rate: 50, jitter: 0 }, 0);
  assert.equal(long.step(3_600_000, 1e9, Math.random), 50);
  const busy = new Pacer({ rate: 50, jitter: 0 }, 0);
  for (let now = 50; now <= 60_000; now += 50) busy.step(now, 0, Math.random);
  assert.equal(busy.step(60_100, 1e9, Math.random), 5);
});

test("a clock that stands or goes back gives nothing", () => {
  const pacer = new Pacer({ rate: 1_000, jitter: 0 }, 5_000);
  assert.equal(pacer.step(4_000, 1e9, Math.random), 0);
  assert.equal(pacer.step(5_000, 1e9, Math.random), 0);
  assert.equal(pacer.step(5_010, 1e9, Math.random), 10);
});
