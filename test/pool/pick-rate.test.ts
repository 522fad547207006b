import assert from "node:assert/strict";
import { test } from "node:test";
// Not part of the room's door: only the pool decides by it.
import { PickRate } from "../../src/pool/pick-rate.ts";

const setUp = () => {
  const clock = { time: 500, now: () => clock.time, wall: () => clock.time };
  const rate = new PickRate(clock);
  const picks = (count: number): boolean[] => Array.from({ length: count }, () => rate.isHigh());
  return { clock, picks };
};

test("eight picks within the lag are few, the ninth is one of many", () => {
  const { picks } = setUp();
  assert.deepEqual(picks(9), [...Array.from({ length: 8 }, () => false), true]);
});

test("picks at human speed are always few", () => {
  const { clock, picks } = setUp();
  for (let turn = 0; turn < 1_000; turn += 1) {
    clock.time += 2;
    assert.deepEqual(picks(1), [false]);
  }
});

test("a burst is remembered for the window behind it, and no longer", () => {
  const { clock, picks } = setUp();
  picks(20);
  clock.time += 10;
  assert.deepEqual(picks(1), [true]);
  clock.time += 10;
  assert.deepEqual(picks(1), [false]);
});

test("after a pause nothing of a burst is left", () => {
  const { clock, picks } = setUp();
  picks(20);
  clock.time += 20;
  assert.deepEqual(picks(1), [false]);
});
