import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/index.ts";
import type { PoolView } from "../../src/base/index.ts";
import { balanceSchema, createBalancer } from "../../src/balancing/index.ts";
import type { Balancer, BalanceInput } from "../../src/balancing/index.ts";
import { backendNames, viewOf } from "../base/views.ts";

const NOBODY = { key: undefined, tried: [] };
const create = (input: BalanceInput, seed = 7): Balancer =>
  createBalancer(balanceSchema.parse(input), seededRandom(seed));

function picks(balancer: Balancer, view: PoolView, count: number): number[] {
  return Array.from({ length: count }, () => balancer.pick(view, NOBODY));
}

function counts(chosen: readonly number[], size: number): number[] {
  return Array.from({ length: size }, (_, index) => chosen.filter((pick) => pick === index).length);
}

test("round robin gives everybody the same number, whatever the weights", () => {
  const view = viewOf(backendNames(3), [1, 5, 1]);
  assert.deepEqual(counts(picks(create("round-robin"), view, 300), 3), [100, 100, 100]);
});

test("round robin gives the turns of one that is out to all others alike", () => {
  const view = viewOf(backendNames(4));
  view.setEligible(1, false);
  assert.deepEqual(counts(picks(create("round-robin"), view, 300), 4), [100, 0, 100, 100]);
});

test("workers do not all begin with the same backend", () => {
  const view = viewOf(backendNames(4));
  for (const method of ["round-robin", "least-connections"] as const) {
    const firsts = Array.from({ length: 40 }, (_, seed) => create(method, seed * 7919 + 1).pick(view, NOBODY));
    assert.equal(new Set(firsts).size, 4, method);
  }
});

test("weights 5, 1 and 1 are served smoothly, not in bursts", () => {
  const view = viewOf(backendNames(3), [5, 1, 1]);
  assert.equal(picks(create("weighted-round-robin"), view, 14).join(""), "00102000010200");
});

test("weighted round robin is exactly periodic: each period holds each backend as often as its weight", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, (list) => {
      const view = viewOf(backendNames(list.length), list);
      const balancer = create("weighted-round-robin");
      const period = list.reduce((sum, weight) => sum + weight, 0);
      const first = picks(balancer, view, period);
      assert.deepEqual(counts(first, list.length), list);
      assert.deepEqual(picks(balancer, view, period), first);
    }),
  );
});

test("weighted round robin stays within two turns of what is due, however eligibility and weights change", () => {
  const change = fc.record({
    backend: fc.nat({ max: 4 }),
    eligible: fc.boolean(),
    weight: fc.constantFrom(0.1, 1, 2, 10, 1000),
    rounds: fc.nat({ max: 30 }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const view = viewOf(backendNames(5));
      const balancer = create("weighted-round-robin");
      const owed = new Float64Array(5);
      for (const { backend, eligible, weight, rounds } of changes) {
        view.setEligible(backend, eligible);
        view.setWeight(backend, weight);
        const earning = view.names.map((_, index) => (view.isEligible(index) ? view.weight(index) : 0));
        const total = earning.reduce((sum, value) => sum + value, 0);
        if (total === 0) continue;
        for (let i = 0; i < rounds; i += 1) {
          for (let j = 0; j < 5; j += 1) owed[j]! += earning[j]! / total;
          owed[balancer.pick(view, NOBODY)]! -= 1;
          for (const debt of owed) assert.ok(Math.abs(debt) < 2, `a backend is ${debt} turns off`);
        }
      }
    }),
  );
});

test("weighted round robin goes on where it was when the membership changes", () => {
  const [a, b, c] = backendNames(3) as [string, string, string];
  const balancer = create("weighted-round-robin");
  const before = viewOf([a, b], [1, 1]);
  const first = before.names[balancer.pick(before, NOBODY)];
  const after = viewOf([c, b, a], [1, 1, 1]);
  const next = picks(balancer, after, 2).map((index) => after.names[index]);
  assert.ok(!next.includes(first), "the one that just had its turn waits for the others");
});

test("weighted round robin gives the turns of the plain rule: all earn, the richest pays", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(weights, (list) => {
      const view = viewOf(backendNames(list.length), list);
      const total = list.reduce((sum, weight) => sum + weight, 0);
      const credits = list.map(() => 0);
      const plain = Array.from({ length: 2 * total }, () => {
        for (const [index, weight] of list.entries()) credits[index]! += weight;
        const richest = credits.indexOf(Math.max(...credits));
        credits[richest]! -= total;
        return richest;
      });
      assert.deepEqual(picks(create("weighted-round-robin"), view, 2 * total), plain);
    }),
  );
});

test("weighted round robin takes nothing from one that has failed for a connection but the turn it was given", () => {
  const view = viewOf(backendNames(3));
  const balancer = create("weighted-round-robin");
  const firsts = Array.from({ length: 300 }, () => {
    const first = balancer.pick(view, NOBODY);
    // The first backend refuses everybody, who then ask again.
    if (first === 0) assert.notEqual(balancer.pick(view, { key: undefined, tried: [0] }), 0);
    return first;
  });
  const [refused] = counts(firsts, 3);
  assert.ok(refused! > 80 && refused! < 160, `${refused} of 300 began with the one that refuses`);
});
