import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { nextStepAt, slowStartFactor, TokenBucket } from "../../src/admission/index.ts";

const anyTerms = fc.record({
  rate: fc.double({ min: 0.01, max: 10_000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 500 }),
});
const waits = fc.array(fc.double({ min: 0, max: 2_000, noNaN: true }), { minLength: 1, maxLength: 300 });

describe("a token bucket", () => {
  test("gives its burst at once, and then its rate", () => {
    const bucket = new TokenBucket({ rate: 10, burst: 3 }, 0);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => bucket.take(0)),
      [true, true, true, false],
    );
    assert.equal(bucket.readyAt(0), 100);
    assert.equal(bucket.take(99), false);
    assert.equal(bucket.take(100), true);
    assert.equal(bucket.readyAt(100), 200);
    assert.equal(bucket.readyAt(5_000), 5_000);
  });

  test("gives no more than burst and rate together in any time", () => {
    fc.assert(
      fc.property(anyTerms, waits, fc.integer({ min: 0, max: 1e9 }), (terms, elapsed, origin) => {
        const bucket = new TokenBucket(terms, origin);
        let now = origin;
        const taken: number[] = [];
        for (const wait of elapsed) {
          now += wait / 10;
          if (bucket.take(now)) taken.push(now);
        }
        for (const [first, from] of taken.entries()) {
          for (let last = first; last < taken.length; last += 7) {
            const most = terms.burst + (terms.rate * (taken[last]! - from)) / 1_000;
            assert.ok(last - first + 1 <= most + 0.01, `${last - first + 1} where ${most} are allowed`);
          }
        }
      }),
    );
  });

  test("has a token at the very time that it names, and none before", () => {
    fc.assert(
      fc.property(anyTerms, waits, fc.integer({ min: 0, max: 1e9 }), (terms, elapsed, origin) => {
        const bucket = new TokenBucket(terms, origin);
        let now = origin;
        for (const wait of elapsed) {
          now += wait;
          const ready = bucket.readyAt(now);
          assert.ok(ready >= now);
          if (ready > now) assert.equal(bucket.take((now + ready) / 2 < ready ? (now + ready) / 2 : now), false);
          now = ready;
          assert.equal(bucket.take(now), true);
        }
      }),
    );
  });

  test("keeps what it has when its terms change", () => {
    const bucket = new TokenBucket({ rate: 10, burst: 10 }, 0);
    for (let count = 0; count < 6; count += 1) bucket.take(0);
    const left = (): number => {
      let count = 0;
      while (bucket.take(1_000)) count += 1;
      return count;
    };
    // 4 are left, and 2 come in 200 ms.
    bucket.change({ rate: 1_000, burst: 20 }, 200);
    bucket.change({ rate: 0.001, burst: 20 }, 200);
    assert.equal(left(), 6);
    bucket.change({ rate: 1, burst: 5 }, 1_000);
    assert.equal(left(), 0);
  });

  test("loses what does not fit into a smaller burst", () => {
    const bucket = new TokenBucket({ rate: 10, burst: 10 }, 0);
    bucket.change({ rate: 10, burst: 2 }, 0);
    assert.deepEqual([bucket.take(0), bucket.take(0), bucket.take(0)], [true, true, false]);
  });
});

describe("a slow start", () => {
  test("goes from a tenth to the whole in a straight line", () => {
    const factors = [-5, 0, 15_000, 30_000, 90_000].map((now) => slowStartFactor(0, now, 30_000));
    assert.deepEqual(factors, [0.1, 0.1, 0.55, 1, 1]);
    assert.equal(slowStartFactor(0, 0, "off"), 1);
  });

  test("is over after its steps, each of them later than the one before", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double({ min: 1, max: 1e7, noNaN: true }),
        fc.integer({ min: 1, max: 50 }),
        (since, duration, steps) => {
          let now = since;
          let count = 0;
          for (;;) {
            const next = nextStepAt(since, now, duration, steps);
            if (next === undefined) break;
            assert.ok(next > now);
            assert.ok(slowStartFactor(since, next, duration) > slowStartFactor(since, now, duration));
            now = next;
            count += 1;
            assert.ok(count <= steps + 1);
          }
          assert.ok(slowStartFactor(since, now, duration) === 1 && count >= 1);
        },
      ),
    );
  });
});
