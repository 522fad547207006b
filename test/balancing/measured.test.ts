/** Methods that go by what is measured of backends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/index.ts";
import type { PoolState } from "../../src/base/index.ts";
import { balanceMeasures, balanceSchema, createBalancer } from "../../src/balancing/index.ts";
import type { BalanceInput } from "../../src/balancing/index.ts";
import { addTunnel, anySituation, backendNames, loadsOf, setLoads, viewOf } from "../base/views.ts";

const NOBODY = { key: undefined, tried: [] };
const create = (input: BalanceInput, seed = 7) => createBalancer(balanceSchema.parse(input), seededRandom(seed));

/** What `least-load` compares, with its defaults. */
const cost = (view: PoolState, index: number): number =>
  ((view.activity(index) + 0.1 * view.load(index)) * view.strain(index)) / view.weight(index);

test("least load picks what costs least for its weight, tunnels and what they carry together", () => {
  fc.assert(
    fc.property(anySituation, ({ view, tried, candidates }) => {
      fc.pre(candidates.length > 0);
      view.stale = false;
      const index = create("least-load").pick(view, { key: undefined, tried });
      assert.equal(cost(view, index), Math.min(...candidates.map((candidate) => cost(view, candidate))));
    }),
  );
});

test("as long as nothing is carried, least load is least connections", () => {
  const view = viewOf(backendNames(3), [1, 2, 3]);
  const balancer = create("least-load");
  for (let socket = 0; socket < 600; socket += 1) addTunnel(view, balancer.pick(view, NOBODY));
  assert.deepEqual(loadsOf(view), [100, 200, 300]);
});

test("a new backend is filled up to what the others carry, not beyond", () => {
  const view = viewOf(backendNames(3));
  setLoads(view, [100, 100, 0]);
  view.setActivity(0, 500, 100);
  view.setActivity(1, 500, 100);
  view.activityPerTunnel = 5;
  const balancer = create("least-load");
  for (let socket = 0; socket < 100; socket += 1) addTunnel(view, balancer.pick(view, NOBODY));
  assert.deepEqual(loadsOf(view), [100, 100, 100]);
  for (let socket = 0; socket < 30; socket += 1) addTunnel(view, balancer.pick(view, NOBODY));
  assert.deepEqual(loadsOf(view), [110, 110, 110]);
});

test("workers with stale measurements do not run to the same backend", () => {
  const view = viewOf(backendNames(10));
  for (let index = 0; index < 10; index += 1) view.setActivity(index, index === 3 ? 90 : 100, 0);
  view.stale = true;
  const firsts = Array.from({ length: 200 }, (_, seed) => create("least-load", seed * 31 + 1).pick(view, NOBODY));
  const herd = firsts.filter((index) => index === 3).length;
  assert.ok(herd > 20 && herd < 80, `${herd} of 200 on the emptiest, a fifth is expected`);
});

test("fastest takes the faster of two, unless it has so much more open", () => {
  const view = viewOf(backendNames(2));
  view.setLatency(0, 49);
  view.setLatency(1, 4);
  const balancer = create("fastest");
  for (let socket = 0; socket < 110; socket += 1) addTunnel(view, balancer.pick(view, NOBODY));
  // A millisecond is added to both: ten times as slow, a tenth of the tunnels.
  assert.deepEqual(loadsOf(view), [10, 100]);
});

test("fastest is two choices as long as nothing is measured", () => {
  const view = viewOf(backendNames(10));
  const balancer = create("fastest");
  for (let socket = 0; socket < 10_000; socket += 1) addTunnel(view, balancer.pick(view, NOBODY));
  assert.ok(Math.max(...loadsOf(view)) - Math.min(...loadsOf(view)) < 15, loadsOf(view).join());
});

test("what a backend says of itself counts for both as a factor", () => {
  for (const method of ["least-load", "fastest"] as const) {
    const view = viewOf(backendNames(2));
    view.setStrain(0, 4);
    const balancer = create(method);
    for (let socket = 0; socket < 500; socket += 1) addTunnel(view, balancer.pick(view, NOBODY));
    const [strained = 0, other = 0] = loadsOf(view);
    assert.ok(Math.abs(other / strained - 4) < 0.1, `${method}: ${strained} and ${other}`);
  }
});

test("only these two have anything measured", () => {
  assert.deepEqual(balanceMeasures(balanceSchema.parse("least-connections")), {});
  assert.deepEqual(balanceMeasures(balanceSchema.parse({ method: "fastest", decay: "3s" })), {
    latency: { decay: 3000 },
  });
  const options = { method: "least-load", messageBytes: "1KiB", window: "5s" } as const;
  assert.deepEqual(balanceMeasures(balanceSchema.parse(options)), {
    activity: { messageBytes: 1024, fromClient: 1, fromBackend: 0.5, tunnel: 0.1, window: 5000 },
  });
});
