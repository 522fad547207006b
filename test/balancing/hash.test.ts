import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/index.ts";
import { balanceSchema, createBalancer } from "../../src/balancing/index.ts";
import type { Balancer, BalanceInput } from "../../src/balancing/index.ts";
import { addTunnel, backendNames, loadsOf, setLoads, viewOf } from "../base/views.ts";

const create = (input: BalanceInput, seed = 7): Balancer =>
  createBalancer(balanceSchema.parse(input), seededRandom(seed));
const room = (number: number) => ({ key: `/room/${number}`, tried: [] });
const ROOMS = Array.from({ length: 2000 }, (_, index) => index);

test("the same key meets on one backend, on every instance, in whatever order it lists them", () => {
  const here = viewOf(backendNames(7));
  const there = viewOf(here.names.toReversed());
  const [one, other] = [create("hash", 1), create("hash", 2)];
  for (const number of ROOMS) {
    const name = here.names[one.pick(here, room(number))];
    assert.equal(there.names[other.pick(there, room(number))], name);
    assert.equal(here.names[one.pick(here, room(number))], name);
  }
});

test("a backend that goes moves only its own keys, and they come back with it", () => {
  const view = viewOf(backendNames(6));
  const balancer = create("hash");
  const before = ROOMS.map((number) => balancer.pick(view, room(number)));
  view.setEligible(2, false);
  for (const [number, index] of before.entries()) {
    const now = balancer.pick(view, room(number));
    if (index === 2) assert.notEqual(now, 2);
    else assert.equal(now, index);
  }
  view.setEligible(2, true);
  assert.deepEqual(
    ROOMS.map((number) => balancer.pick(view, room(number))),
    before,
  );
});

test("a changed membership is noticed, and moves only what it must", () => {
  const names = backendNames(6);
  const balancer = create("hash");
  const large = viewOf(names);
  const small = viewOf(names.slice(1));
  for (const number of ROOMS) {
    const before = names[balancer.pick(large, room(number))];
    const after = small.names[balancer.pick(small, room(number))];
    if (before !== names[0]) assert.equal(after, before);
  }
});

test("connections without a key are spread over the least loaded", () => {
  const view = viewOf(backendNames(3));
  const balancer = create("hash");
  for (let i = 0; i < 6; i += 1) addTunnel(view, balancer.pick(view, { key: undefined, tried: [] }));
  assert.deepEqual(loadsOf(view), [2, 2, 2]);
});

test("with bounded load nobody holds more than the factor times the fair share", () => {
  const anyPool = fc.record({
    weights: fc.array(fc.constantFrom(1, 2, 5), { minLength: 1, maxLength: 6 }),
    loadFactor: fc.constantFrom(1, 1.1, 1.25, 2),
    keys: fc.array(fc.nat({ max: 5 }), { maxLength: 200 }),
  });
  fc.assert(
    fc.property(anyPool, ({ weights, loadFactor, keys }) => {
      const view = viewOf(backendNames(weights.length), weights);
      const balancer = create({ method: "hash", loadFactor });
      const whole = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [opened, key] of keys.entries()) {
        const index = balancer.pick(view, room(key));
        addTunnel(view, index);
        const bound = Math.ceil((loadFactor * (opened + 1) * weights[index]!) / whole + 1e-9);
        assert.ok(view.load(index) <= bound, `${loadsOf(view).join()} of ${opened + 1}, at most ${bound}`);
      }
    }),
  );
});

test("a key that finds its backend full goes to the next in its own order, and returns when there is room", () => {
  const view = viewOf(backendNames(4));
  const strict = create({ method: "hash", loadFactor: 1.25 });
  const free = create("hash");
  const home = free.pick(view, room(1));
  const next = free.pick(view, { key: "/room/1", tried: [home] });
  setLoads(view, [10, 10, 10, 10]);
  view.setLoad(home, 20);
  assert.equal(strict.pick(view, room(1)), next);
  assert.equal(free.pick(view, room(1)), home);
  view.setLoad(home, 10);
  assert.equal(strict.pick(view, room(1)), home);
});

test("options are the name of a method or an object, and mistakes are answered with what would be right", () => {
  assert.deepEqual(balanceSchema.parse("hash"), { method: "hash", by: "path", loadFactor: "off" });
  assert.deepEqual(balanceSchema.parse({ method: "hash", by: { query: "room" }, loadFactor: 1.5 }), {
    method: "hash",
    by: { query: "room" },
    loadFactor: 1.5,
  });
  const messageOf = (input: unknown) => balanceSchema.safeParse(input).error?.issues[0]?.message;
  assert.equal(
    messageOf("quickest"),
    'no balancing method is called "quickest"; known are ' +
      "round-robin, weighted-round-robin, least-connections, random, two-choices, least-load, fastest, hash",
  );
  assert.equal(messageOf("roundrobn"), 'no balancing method is called "roundrobn"; did you mean "round-robin"?');
  assert.equal(messageOf({ method: "hahs" }), 'no balancing method is called "hahs"; did you mean "hash"?');
  assert.match(messageOf({ method: "random", by: "path" }) ?? "", /by/);
});
