import assert from "node:assert/strict";
import test from "node:test";

import { fitLine } from "../../bench/measure/line.ts";

const line = (...ys: readonly number[]) => fitLine(ys.map((y, x) => ({ x, y })));

test("the line through points that lie on one is that line", () => {
  assert.deepEqual(line(3, 5, 7, 9), { intercept: 3, slope: 2, r2: 1 });
  assert.deepEqual(line(4, 4), { intercept: 4, slope: 0, r2: 1 });
});

test("the line through others is the nearest, and says how much of them it explains", () => {
  const { slope, intercept, r2 } = line(1, 3, 2, 5) ?? { slope: 0, intercept: 0, r2: 0 };
  assert.deepEqual(
    [slope, intercept, r2].map((value) => Math.round(value * 1e6) / 1e6),
    [1.1, 1.1, 0.691429],
  );
});

test("one point has no line, and neither have several above each other", () => {
  assert.equal(line(1), undefined);
  assert.equal(fitLine([]), undefined);
  assert.equal(
    fitLine([
      { x: 1, y: 1 },
      { x: 1, y: 2 },
    ]),
    undefined,
  );
});
