import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCandidate, relativeLoad } from "../../src/base/index.ts";
import type { PoolView } from "../../src/base/index.ts";
import { anySituation, backendNames, setLoads, viewOf } from "./views.ts";

/** What `leastLoaded` is to find, found by looking at everybody. */
function leastOfAll(view: PoolView, from: number, tried: readonly number[]): number {
  const circle = view.names.map((_, step) => (from + step) % view.size).filter((i) => isCandidate(view, i, tried));
  const least = Math.min(...circle.map((index) => relativeLoad(view, index)));
  return circle.find((index) => relativeLoad(view, index) === least) ?? -1;
}

const anyChange = fc.record({
  what: fc.constantFrom("load", "load", "load", "weight", "eligible"),
  index: fc.nat({ max: 12 }),
  value: fc.nat({ max: 3 }),
});

test("the least loaded is the first of the lowest from a given place on, whatever has changed in between", () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 60 }), fc.nat({ max: 12 }), (changes, from) => {
      const view = viewOf(backendNames(13));
      for (const { what, index, value } of changes) {
        if (what === "load") view.setLoad(index, value);
        else if (what === "weight") view.setWeight(index, value + 0.5);
        else view.setEligible(index, value > 0);
        assert.equal(view.leastLoaded(from, []), leastOfAll(view, from, []));
        assert.equal(view.leastLoaded(from, [index, 3]), leastOfAll(view, from, [index, 3]));
      }
    }),
  );
});

test("who was left out of one search is back in the next", () => {
  const view = viewOf(backendNames(3));
  setLoads(view, [1, 2, 3]);
  assert.equal(view.leastLoaded(0, [0, 1]), 2);
  assert.equal(view.leastLoaded(0, [0, 1, 2]), -1);
  assert.equal(view.leastLoaded(0, []), 0);
});

test("a pool without backends has no least loaded one", () => {
  assert.equal(viewOf([]).leastLoaded(0, []), -1);
});

test("sums are those of the eligible, and everything but a load makes another revision", () => {
  fc.assert(
    fc.property(anySituation, ({ view }) => {
      const eligible = [...view.names.keys()].filter((index) => view.isEligible(index));
      const sum = (value: (index: number) => number) => eligible.reduce((total, index) => total + value(index), 0);
      assert.equal(
        view.eligibleLoad,
        sum((index) => view.load(index)),
      );
      assert.equal(
        view.eligibleWeight,
        sum((index) => view.weight(index)),
      );
      assert.equal(view.greatestWeight, Math.max(0, ...view.names.map((_, index) => view.weight(index))));
    }),
  );
  const view = viewOf(backendNames(2));
  const revisions = [view.revision];
  view.setWeight(0, 2);
  revisions.push(view.revision);
  view.setEligible(1, false);
  revisions.push(view.revision);
  assert.equal(new Set(revisions).size, 3);
  view.setLoad(0, 5);
  assert.equal(view.revision, revisions.at(-1));
});
