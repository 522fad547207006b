import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { addHistograms, countOf, Histogram, histogramSince, percentileOf } from "../../src/metrics/index.ts";

const BOUNDS = [1, 2, 5, 10];
const filled = (...values: number[]): Histogram => {
  const histogram = new Histogram(BOUNDS);
  for (const value of values) histogram.observe(value);
  return histogram;
};

test("a value is counted in the first bucket whose bound it does not exceed", () => {
  assert.deepEqual([...filled(0, 1, 1.5, 2, 5.1, 10, 10.1, 99).counts], [2, 2, 0, 2, 2]);
  assert.equal(filled(0.5, 7).sum, 7.5);
});

test("every value is counted once, in the bucket that a search from below finds", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), (values) => {
      const { counts } = filled(...values);
      const expected = [0, 0, 0, 0, 0];
      for (const value of values) {
        const found = BOUNDS.findIndex((bound) => value <= bound);
        const bucket = found < 0 ? BOUNDS.length : found;
        expected[bucket] = (expected[bucket] ?? 0) + 1;
      }
      assert.deepEqual([...counts], expected);
    }),
  );
});

test("a snapshot stays as it was, and the difference to a later one is what came between", () => {
  const histogram = filled(1, 7);
  const before = histogram.snapshot();
  histogram.observe(3);
  assert.equal(countOf(before), 2);
  const since = histogramSince(histogram.snapshot(), before);
  assert.deepEqual([[...since.counts], since.sum], [[0, 0, 1, 0, 0], 3]);
  assert.deepEqual(addHistograms(before, since), histogram.snapshot());
  assert.throws(() => addHistograms(before, new Histogram([1])), RangeError);
});

test("percentiles lie within the bucket that holds them, and there are none of nothing", () => {
  assert.equal(percentileOf(filled(), 0.5), undefined);
  assert.equal(percentileOf(filled(1.5, 1.5), 0.5), 1.5);
  assert.equal(percentileOf(filled(0.5, 0.5, 0.5, 7), 0.99), 5 + 5 * 0.96);
  assert.equal(percentileOf(filled(99), 0.5), 10);
});
