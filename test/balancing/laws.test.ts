import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/index.ts";
import { BALANCE_METHODS, balanceSchema, createBalancer } from "../../src/balancing/index.ts";
import type { BalanceInput } from "../../src/balancing/index.ts";
import { anySituation, backendNames, viewOf } from "../base/views.ts";

const inputs: BalanceInput[] = [
  ...BALANCE_METHODS,
  { method: "hash", loadFactor: 1.25 },
  { method: "hash", loadFactor: 1 },
];
const anyKey = fc.option(fc.string(), { nil: undefined });

/** What every algorithm promises, whatever else it does. */
for (const input of inputs) {
  const name = typeof input === "string" ? input : JSON.stringify(input);
  const create = (seed = 7) => createBalancer(balanceSchema.parse(input), seededRandom(seed));

  describe(name, () => {
    test("picks a candidate whenever there is one, and says -1 exactly when there is none", () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(anySituation, anyKey), { minLength: 1, maxLength: 10 }),
          fc.integer(),
          (situations, seed) => {
            // One balancer for all of them: its state must survive any change of the pool.
            const balancer = create(seed);
            for (const [{ view, tried, candidates }, key] of situations) {
              const index = balancer.pick(view, { key, tried });
              if (candidates.length === 0) assert.equal(index, -1);
              else assert.ok(candidates.includes(index), `${index} is none of ${candidates.join()}`);
            }
          },
        ),
      );
    });

    test("asked again with the failed ones, it names every candidate once", () => {
      fc.assert(
        fc.property(anySituation, anyKey, ({ view, tried, candidates }, key) => {
          const balancer = create();
          const order: number[] = [];
          for (const _ of candidates) order.push(balancer.pick(view, { key, tried: [...tried, ...order] }));
          assert.deepEqual(
            order.toSorted((a, b) => a - b),
            candidates,
          );
          assert.equal(balancer.pick(view, { key, tried: [...tried, ...order] }), -1);
        }),
      );
    });

    test("leaves no backend out in the long run", () => {
      const view = viewOf(backendNames(5));
      const balancer = create();
      const picked = new Set<number>();
      for (let i = 0; i < 300; i += 1) picked.add(balancer.pick(view, { key: `/room/${i}`, tried: [] }));
      assert.equal(picked.size, 5);
    });

    test("chooses among 1,000 backends", () => {
      const view = viewOf(backendNames(1000));
      for (let i = 0; i < 999; i += 1) view.setEligible(i, false);
      const balancer = create();
      for (let i = 0; i < 10; i += 1) assert.equal(balancer.pick(view, { key: `/room/${i}`, tried: [] }), 999);
    });
  });
}
