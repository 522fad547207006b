import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/index.ts";
import type { PoolState } from "../../src/base/index.ts";
import { balanceSchema, createBalancer } from "../../src/balancing/index.ts";
import type { Balancer, BalanceInput } from "../../src/balancing/index.ts";
import { addTunnel, anySituation, backendNames, loadsOf, setLoads, viewOf } from "../base/views.ts";

const NOBODY = { key: undefined, tried: [] };
const create = (input: BalanceInput, seed = 7): Balancer =>
  createBalancer(balanceSchema.parse(input), seededRandom(seed));

/** Opens so many sockets that stay. */
function open(balancer: Balancer, view: PoolState, count: number, key?: (socket: number) => string): number[] {
  return Array.from({ length: count }, (_, socket) => {
    const index = balancer.pick(view, { key: key?.(socket), tried: [] });
    addTunnel(view, index);
    return index;
  });
}

test("six sockets one after the other on three idle backends are 2/2/2", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const view = viewOf(backendNames(3));
    open(create("least-connections", seed), view, 6);
    assert.deepEqual(loadsOf(view), [2, 2, 2]);
  }
});

test("requests that end before the next one still reach everybody", () => {
  const view = viewOf(backendNames(3));
  const balancer = create("least-connections");
  const chosen = Array.from({ length: 9 }, () => balancer.pick(view, NOBODY));
  assert.deepEqual(
    [0, 1, 2].map((index) => chosen.filter((pick) => pick === index).length),
    [3, 3, 3],
  );
});

test("a backend that was away is filled up first", () => {
  const view = viewOf(backendNames(3));
  setLoads(view, [4, 4, 0]);
  open(create("least-connections"), view, 4);
  assert.deepEqual(loadsOf(view), [4, 4, 4]);
});

test("least connections is always the lowest load for its weight", () => {
  fc.assert(
    fc.property(anySituation, ({ view, tried, candidates }) => {
      fc.pre(candidates.length > 0);
      view.stale = false;
      const index = create("least-connections").pick(view, { key: undefined, tried });
      const lowest = Math.min(...candidates.map((candidate) => view.load(candidate) / view.weight(candidate)));
      assert.equal(view.load(index) / view.weight(index), lowest);
    }),
  );
});

test("sockets that stay are shared by weight", () => {
  const view = viewOf(backendNames(3), [1, 2, 3]);
  open(create("least-connections"), view, 600);
  assert.deepEqual(loadsOf(view), [100, 200, 300]);
});

test("workers with stale counts do not run to the same backend", () => {
  const view = viewOf(backendNames(10));
  setLoads(view, Array<number>(10).fill(100));
  view.setLoad(3, 90);
  view.stale = true;
  const firsts = Array.from({ length: 200 }, (_, seed) =>
    create("least-connections", seed * 31 + 1).pick(view, NOBODY),
  );
  const herd = firsts.filter((index) => index === 3).length;
  assert.ok(herd > 20 && herd < 80, `${herd} of 200 on the emptiest, a fifth is expected`);
});

test("two choices compares two different backends, so of two the less loaded is certain", () => {
  const view = viewOf(backendNames(2));
  setLoads(view, [5, 4]);
  const balancer = create("two-choices");
  for (let i = 0; i < 100; i += 1) assert.equal(balancer.pick(view, NOBODY), 1);
});

test("two choices never picks the most loaded, and keeps 10,000 sockets nearly even", () => {
  const view = viewOf(backendNames(10));
  view.setLoad(0, 1);
  const balancer = create("two-choices");
  for (let i = 0; i < 200; i += 1) assert.notEqual(balancer.pick(view, NOBODY), 0);
  open(balancer, view, 9_999);
  assert.ok(Math.max(...loadsOf(view)) - Math.min(...loadsOf(view)) < 15, loadsOf(view).join());
});

test("random gives shares by weight", () => {
  const weights = [1, 2, 3, 4];
  const view = viewOf(backendNames(4), weights);
  open(create("random"), view, 40_000);
  for (const [index, load] of loadsOf(view).entries()) {
    assert.ok(Math.abs(load / 40_000 - weights[index]! / 10) < 0.01, loadsOf(view).join());
  }
});

test("random follows weights and eligibility that change in place, from the next pick on", () => {
  const view = viewOf(backendNames(300));
  const balancer = create("random");
  const shareOf = (wanted: number) => {
    let hits = 0;
    for (let i = 0; i < 5000; i += 1) if (balancer.pick(view, NOBODY) === wanted) hits += 1;
    return hits / 5000;
  };
  assert.ok(shareOf(7) < 0.02);
  view.setWeight(7, 299);
  assert.ok(Math.abs(shareOf(7) - 0.5) < 0.03);
  view.setEligible(7, false);
  assert.equal(shareOf(7), 0);
  // Only candidates of a ten thousandth of all weight are left: blind draws miss them.
  for (let i = 0; i < 300; i += 1) view.setEligible(i, i === 8 || i === 9);
  view.setWeight(7, 100_000);
  view.setWeight(8, 3);
  assert.ok(Math.abs(shareOf(8) - 0.75) < 0.03);
});
