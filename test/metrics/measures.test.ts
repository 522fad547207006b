import assert from "node:assert/strict";
import test from "node:test";
import {
  codeLabel,
  Counter,
  endedMeasures,
  Histogram,
  NO_MEASURES,
  statusLabel,
  sumMeasures,
  sumTallies,
  totalOf,
} from "../../src/metrics/index.ts";
import type { Measures } from "../../src/metrics/index.ts";

test("tallies add up by their labels, whatever stands in those", () => {
  const [one, other] = [new Counter(), new Counter()];
  one.add(["a,b", "c"]);
  one.add(["a", "b,c"], 2);
  other.add(["a,b", "c"], 3);
  const sum = sumTallies([one.snapshot(), other.snapshot()]);
  assert.deepEqual(sum, [
    [["a,b", "c"], 4],
    [["a", "b,c"], 2],
  ]);
  assert.equal(totalOf(sum), 6);
  assert.equal(
    totalOf(sum, ([first]) => first === "a"),
    2,
  );
});

test("what several have measured adds up, and what ended had open is gone with it", () => {
  const seen = new Histogram([1, 2]);
  seen.observe(1);
  const measured: Measures = {
    totals: { ...NO_MEASURES.totals, tunnelsOpened: [[["chat", "one"], 2]] },
    distributions: { ...NO_MEASURES.distributions, rttSeconds: [[["client"], seen.snapshot()]] },
    levels: { ...NO_MEASURES.levels, backlogBytes: [[["client"], 10]] },
  };
  const sum = sumMeasures([measured, endedMeasures(measured)]);
  assert.deepEqual(sum.totals.tunnelsOpened, [[["chat", "one"], 4]]);
  assert.deepEqual([...(sum.distributions.rttSeconds[0]?.[1].counts ?? [])], [2, 0, 0]);
  assert.deepEqual(sum.levels.backlogBytes, [[["client"], 10]]);
  assert.deepEqual(structuredClone(sum), sum);
});

test("labels of codes and statuses are bounded", () => {
  const codes = new Set(Array.from({ length: 70_000 }, (_, code) => codeLabel(code)));
  assert.equal(codes.size, 14);
  assert.deepEqual(
    [codeLabel(1000), codeLabel(4999), codeLabel(1004), codeLabel(null)],
    ["1000", "other", "other", "none"],
  );
  assert.deepEqual([101, 204, 499, 503, 0, 999].map(statusLabel), ["1xx", "2xx", "4xx", "5xx", "other", "other"]);
});
