import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import type { MoveOrder } from "../../src/operations/desk.ts";
import { Reported, shareOut, shareOutOrder } from "../../src/operations/reports.ts";
import type { WorkerReport } from "../../src/operations/reports.ts";

const counts = fc.array(fc.nat({ max: 100_000 }), { maxLength: 40 });
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

test("what is shared out sums up to what is asked, or to all that there is", () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), counts, (count, has) => {
      assert.equal(sum(shareOut(count, has)), Math.min(count, sum(has)));
    }),
  );
});

test("nobody has to give more than it has, or less than nothing", () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), counts, (count, has) => {
      for (const [at, part] of shareOut(count, has).entries()) {
        assert.ok(Number.isInteger(part) && part >= 0 && part <= (has[at] ?? 0), `${part} of ${has[at]}`);
      }
    }),
  );
});

test("each gives in proportion to what it has, give or take one", () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), counts, (count, has) => {
      const total = sum(has);
      const wanted = Math.min(count, total);
      for (const [at, part] of shareOut(count, has).entries()) {
        const fair = total === 0 ? 0 : (wanted * (has[at] ?? 0)) / total;
        assert.ok(Math.abs(part - fair) <= 1, `${part} where ${fair} is fair`);
      }
    }),
  );
});

const reportOf = (worker: number, left: Readonly<Record<string, number>>, failures = 0, refused = 0): WorkerReport => ({
  worker,
  report: {
    refused,
    backends: Object.fromEntries(
      Object.entries(left).map(([name, count]) => [name, { load: count, left: count, leaving: 0, moved: 0, failures }]),
    ),
  },
});

const ORDER: MoveOrder = { kind: "rebalance", pool: "chat", counts: { a: 4, b: 3 }, minIdle: 0, minAge: 5 };

test("a worker gets its part of the order for each backend, and none where it has nothing to do", () => {
  const parts = shareOutOrder(ORDER, [reportOf(1, { a: 6, b: 3 }), reportOf(2, { a: 2 }), reportOf(3, { c: 9 })]);
  assert.deepEqual(
    [...parts],
    [
      [1, { ...ORDER, counts: { a: 3, b: 3 } }],
      [2, { ...ORDER, counts: { a: 1 } }],
    ],
  );
});

test("sums are over all workers; a backend that nobody knows has nothing", () => {
  const reported = new Reported([reportOf(1, { a: 6, b: 3 }), reportOf(2, { a: 2 })], undefined);
  assert.deepEqual(reported.of("a"), { load: 8, left: 8, leaving: 0, moved: 0, failures: 0 });
  assert.deepEqual(reported.of("z"), { load: 0, left: 0, leaving: 0, moved: 0, failures: 0 });
});

test("what has grown is counted in workers that answered both times: one that is new, or is gone, brings nothing", () => {
  const before = new Reported([reportOf(1, { a: 1, b: 1 }, 5, 10), reportOf(2, { a: 1, b: 1 }, 90, 90)], undefined);
  assert.deepEqual([before.refused, before.failuresBesides("a")], [0, 0], "there was nothing to compare with");
  const after = new Reported([reportOf(1, { a: 1, b: 1 }, 7, 14), reportOf(3, { a: 1, b: 1 }, 50, 50)], before);
  assert.deepEqual([after.refused, after.failuresBesides("a")], [4, 2]);
});
