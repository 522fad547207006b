import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { affinitySchema } from "../../src/affinity/index.ts";
import type { AffinityInput } from "../../src/affinity/index.ts";
import { balanceSchema } from "../../src/balancing/index.ts";
import type { BalanceInput } from "../../src/balancing/index.ts";
import { seededRandom } from "../../src/base/index.ts";
import type { PoolConfig } from "../../src/config/index.ts";
import { healthSchema } from "../../src/health/index.ts";
import type { RequestFacts } from "../../src/http/index.ts";
import { Pool } from "../../src/pool/index.ts";
import type { PoolWorld } from "../../src/pool/index.ts";
import { backendNames } from "../base/views.ts";

interface Choice {
  readonly size?: number;
  readonly weights?: readonly number[];
  readonly balance?: BalanceInput;
  readonly affinity?: AffinityInput;
}

const configOf = ({
  size = 3,
  weights = [],
  balance = "least-connections",
  affinity = "none",
}: Choice): PoolConfig => ({
  name: "chat",
  backends: backendNames(size).map((name, index) => ({
    name,
    url: name.replace("ws:", "http:"),
    secure: false,
    hostname: "127.0.0.1",
    port: 8000,
    weight: weights[index] ?? 1,
    state: "active" as const,
  })),
  balance: balanceSchema.parse(balance),
  affinity: affinitySchema.parse(affinity),
  tls: { verify: true },
  dial: { connectTimeout: 1, handshakeTimeout: 1, maxAttempts: 1, budget: 1 },
  health: healthSchema.parse({}),
  admission: {
    maxConnections: "off",
    rate: "off",
    burst: 1,
    slowStart: "off",
    queue: { size: 0, timeout: 1 },
    refuseWith: "status",
  },
  drain: { rate: 50, jitter: 0, waitIdle: "off", deadline: "off" },
  rebalance: "off",
});

const poolOf = (choice: Choice = {}, world: Partial<PoolWorld> = {}): Pool =>
  new Pool(configOf(choice), {
    clock: { now: () => 0, wall: () => 0 },
    random: seededRandom(7),
    secret: "secret",
    shared: false,
    onLoad: () => {},
    ...world,
  });

const factsOf = (facts: Partial<RequestFacts> = {}): RequestFacts => ({
  path: "/",
  query: "",
  headers: [],
  host: "a.test",
  clientAddress: "192.0.2.1",
  secure: false,
  ...facts,
});

/** A request that brings this cookie back. */
const bringing = (setCookie: string | undefined): RequestFacts =>
  factsOf({ headers: ["Cookie", setCookie?.split(";")[0] ?? ""] });

test("six connections opened one after the other on three backends are two on each", () => {
  const pool = poolOf();
  for (let turn = 0; turn < 6; turn += 1) pool.acquire(pool.pick(factsOf(), []));
  assert.deepEqual(
    [0, 1, 2].map((index) => pool.load(index)),
    [2, 2, 2],
  );
});

test("what is released is free again", () => {
  const pool = poolOf();
  for (let turn = 0; turn < 6; turn += 1) pool.acquire(pool.pick(factsOf(), []));
  for (let turn = 0; turn < 2; turn += 1) pool.release(1);
  assert.deepEqual([pool.pick(factsOf(), []), pool.load(1), pool.ownLoad(1)], [1, 0, 0]);
});

test("load is mine and the others' together, whatever the order in which they change", () => {
  const anyChange = fc.record({ index: fc.nat(2), what: fc.constantFrom("mine", "others"), others: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(anyChange), (changes) => {
      const pool = poolOf();
      const [mine, others] = [
        [0, 0, 0],
        [0, 0, 0],
      ];
      for (const change of changes) {
        if (change.what === "mine") {
          pool.acquire(change.index);
          mine[change.index]! += 1;
        } else {
          pool.setOthers(change.index, change.others);
          others[change.index] = change.others;
        }
      }
      for (const index of [0, 1, 2]) {
        assert.equal(pool.ownLoad(index), mine[index]);
        assert.equal(pool.load(index), mine[index]! + others[index]!);
      }
    }),
  );
});

test("what other workers hold counts in a pick", () => {
  const pool = poolOf();
  pool.setOthers(0, 3);
  pool.setOthers(1, 1);
  pool.setOthers(2, 2);
  assert.equal(pool.pick(factsOf(), []), 1);
  pool.setOthers(1, 9);
  assert.equal(pool.pick(factsOf(), []), 2);
});

test("every change of its own load is told, with the backend that changed, and nothing else is", () => {
  const told: number[] = [];
  const pool = poolOf({}, { onLoad: (_pool, index) => void told.push(index) });
  pool.acquire(2);
  pool.acquire(0);
  pool.release(2);
  pool.setOthers(1, 5);
  pool.setHealthy(1, false);
  assert.deepEqual(told, [2, 0, 2]);
});

test("a backend that is not well is not picked, by affinity neither, until it is well again", () => {
  const pool = poolOf({ affinity: "cookie" });
  const cookie = pool.cookieFor(1, factsOf());
  assert.equal(pool.pick(bringing(cookie), []), 1);
  pool.setHealthy(1, false);
  assert.ok(!pool.isHealthy(1));
  for (let turn = 0; turn < 10; turn += 1) assert.notEqual(pool.pick(bringing(cookie), []), 1);
  pool.setHealthy(1, true);
  assert.equal(pool.pick(bringing(cookie), []), 1);
});

test("affinity comes first, then the algorithm", () => {
  const pool = poolOf({ affinity: "cookie" });
  pool.setOthers(2, 1_000);
  const cookie = pool.cookieFor(2, factsOf());
  assert.ok(cookie !== undefined);
  assert.equal(pool.pick(bringing(cookie), []), 2, "though it has the most");
  assert.notEqual(pool.pick(bringing(cookie), [2]), 2, "unless it was tried already");
  assert.notEqual(pool.pick(bringing("fairlead=forged"), []), 2);
  assert.equal(pool.cookieFor(2, bringing(cookie)), undefined, "who has the right one needs no new one");
  assert.ok(pool.cookieFor(0, bringing(cookie)) !== undefined);
});

for (const balance of ["round-robin", "weighted-round-robin", "least-connections", "random", "two-choices"] as const) {
  test(`${balance} goes through all candidates when each of them fails, and then says there is none`, () => {
    const pool = poolOf({ balance, size: 5, weights: [1, 2, 1, 3, 1] });
    pool.setHealthy(3, false);
    const tried: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) tried.push(pool.pick(factsOf(), tried));
    assert.deepEqual(new Set(tried), new Set([0, 1, 2, 4]));
    assert.equal(pool.pick(factsOf(), tried), -1);
  });
}

test("hashing takes its key from the request", () => {
  const pool = poolOf({ size: 8, balance: { method: "hash", by: { query: "room" } } });
  const at = (room: string) => pool.pick(factsOf({ query: `room=${room}` }), []);
  const rooms = Array.from({ length: 40 }, (_, index) => `r${index}`);
  assert.deepEqual(rooms.map(at), rooms.map(at));
  assert.ok(new Set(rooms.map(at)).size > 4);
});

test("where others pick too, many picks at once are two choices, and never one backend only", () => {
  let now = 0;
  const pool = poolOf({ size: 10 }, { shared: true, clock: { now: () => now, wall: () => now } });
  // The others' counts lag behind: a full scan would send everybody to the one that looks empty.
  for (let index = 1; index < 10; index += 1) pool.setOthers(index, 1);
  const few = pool.pick(factsOf(), []);
  assert.equal(few, 0, "at human speed the least is exact");
  const many = Array.from({ length: 200 }, () => pool.pick(factsOf(), []));
  assert.ok(new Set(many).size >= 5, `${new Set(many).size} backends`);
  now = 1_000;
  assert.equal(pool.pick(factsOf(), []), 0);
});

test("a backend is found by its index, and a wrong one is a mistake of the program", () => {
  const pool = poolOf();
  assert.equal(pool.backend(1).name, backendNames(3)[1]);
  assert.throws(() => pool.backend(3), RangeError);
  assert.deepEqual([pool.load(9), pool.ownLoad(9)], [0, 0]);
});
