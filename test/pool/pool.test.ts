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
import type { Backend, PoolWorld } from "../../src/pool/index.ts";
import { backendNames } from "../base/views.ts";
import { factsOf } from "./facts.ts";

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

/** A pool whose backends go by their places, which is shorter. */
const poolOf = (choice: Choice = {}, world: Partial<PoolWorld> = {}) => {
  const pool = new Pool(configOf(choice), "secret", {
    clock: { now: () => 0, wall: () => 0 },
    random: seededRandom(7),
    workers: 1,
    onLoad: () => {},
    onWant: () => {},
    ...world,
  });
  const at = (index: number): Backend => {
    const backend = pool.members[index];
    assert.ok(backend);
    return backend;
  };
  return {
    pool,
    at,
    pick: (facts: RequestFacts, tried: readonly number[]): number =>
      pool.pick({ kind: "tunnel", facts, failed: tried.map(at) })?.index ?? -1,
    cookieFor: (index: number, facts: RequestFacts) => pool.cookieFor(at(index), facts),
    acquire: (index: number) => pool.acquire(at(index)),
    release: (index: number) => pool.release(at(index)),
    setOthers: (index: number, load: number) => pool.setOthers(at(index).name, load),
    setHealthy: (index: number, healthy: boolean) => pool.setHealthy(at(index).name, healthy),
    load: (index: number) => at(index).load,
    ownLoad: (index: number) => at(index).own,
  };
};

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
  const pool = poolOf({}, { onLoad: (_pool, backend) => void told.push(backend.index) });
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
  assert.ok(!pool.at(1).healthy);
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
  const pool = poolOf({ size: 10 }, { workers: 2, clock: { now: () => now, wall: () => now } });
  // The others' counts lag behind: a full scan would send everybody to the one that looks empty.
  for (let index = 1; index < 10; index += 1) pool.setOthers(index, 1);
  const few = pool.pick(factsOf(), []);
  assert.equal(few, 0, "at human speed the least is exact");
  const many = Array.from({ length: 200 }, () => pool.pick(factsOf(), []));
  assert.ok(new Set(many).size >= 5, `${new Set(many).size} backends`);
  now = 1_000;
  assert.equal(pool.pick(factsOf(), []), 0);
});

test("a backend is found by its name, as long as it is in the pool or has something", () => {
  const { pool, at, acquire } = poolOf();
  const [one, two, three] = [at(0), at(1), at(2)];
  assert.equal(pool.backend(two.name), two);
  acquire(1);
  pool.update(configOf({ size: 1 }), "secret");
  assert.deepEqual(pool.members, [one]);
  assert.equal(pool.backend(two.name), two, "it has a tunnel");
  assert.equal(pool.backend(three.name), undefined);
  pool.release(two);
  assert.equal(pool.backend(two.name), undefined);
});

test("loads, counters and health belong to a backend's name: they live on while others come and go", () => {
  const { pool, at, acquire, pick } = poolOf({ size: 2 });
  acquire(0);
  pool.tunnelOpened(at(0));
  pool.setOthers(at(0).name, 4);
  pool.setHealthy(at(1).name, false);
  const [one, two] = [at(0), at(1)];
  pool.update({ ...configOf({ size: 3 }), backends: configOf({ size: 3 }).backends.toReversed() }, "secret");
  assert.deepEqual([at(2), at(1)], [one, two]);
  assert.deepEqual([one.load, one.own, one.counters.tunnels, two.healthy], [5, 1, 1, false]);
  assert.equal(pick(factsOf(), []), 0, "the new one has nothing");
  assert.equal(pick(factsOf(), [0]), 2, "the second is not well");
});

test("a removed backend that comes back while it has tunnels has them still", () => {
  const { pool, at, acquire, pick } = poolOf({ size: 2 });
  const two = at(1);
  acquire(1);
  pool.update(configOf({ size: 1 }), "secret");
  assert.equal(pick(factsOf(), []), 0);
  pool.update(configOf({ size: 2 }), "secret");
  assert.equal(at(1), two);
  assert.deepEqual([two.load, pick(factsOf(), [])], [1, 0]);
});

test("a backend that drains gets nothing, whoever asks for it, and another weight counts at once", () => {
  const { pool, at, pick, cookieFor, acquire } = poolOf({ size: 2, affinity: "cookie" });
  const cookie = cookieFor(1, factsOf());
  const config = configOf({ size: 2, affinity: "cookie" });
  const changed = (change: object) => ({
    ...config,
    backends: config.backends.map((backend, index) => (index === 1 ? { ...backend, ...change } : backend)),
  });
  pool.update(changed({ state: "draining" }), "secret");
  for (let turn = 0; turn < 4; turn += 1) assert.equal(pick(bringing(cookie), []), 0);
  pool.update(changed({ state: "active", weight: 9 }), "secret");
  assert.equal(pick(bringing(cookie), []), 1);
  for (let turn = 0; turn < 10; turn += 1) acquire(pick(factsOf(), []));
  assert.deepEqual([at(0).own, at(1).own], [1, 9]);
});

test("turns go on where they were when backends come and go", () => {
  const { pool, at, pick } = poolOf({ size: 4, balance: "round-robin" });
  const first = pick(factsOf(), []);
  const next = at((first + 1) % 4).name;
  const { backends } = configOf({ size: 5, balance: "round-robin" });
  pool.update({ ...configOf({ balance: "round-robin" }), backends: backends.toReversed() }, "secret");
  assert.equal(at(pick(factsOf(), [])).name, next);
});

test("another secret makes other cookies", () => {
  const { pool, cookieFor, pick, setOthers } = poolOf({ size: 2, affinity: "cookie" });
  const cookie = cookieFor(1, factsOf());
  setOthers(1, 10);
  assert.equal(pick(bringing(cookie), []), 1);
  pool.update(configOf({ size: 2, affinity: "cookie" }), "another");
  assert.equal(pick(bringing(cookie), []), 0);
});

test("whoever has to leave a backend is sent where the algorithm says, whatever its cookie says", () => {
  const { pool, cookieFor } = poolOf({ size: 3, affinity: "cookie", balance: "round-robin" });
  const facts = bringing(cookieFor(1, factsOf()));
  const seeker = { kind: "tunnel" as const, facts, failed: [], leaves: true };
  const got = new Set(Array.from({ length: 6 }, () => pool.pick(seeker)?.index));
  assert.equal(got.size, 3);
});

test("those that have to leave a backend and belong together meet again, where new ones of their kind go", () => {
  const kinds: AffinityInput[] = ["client-ip", { method: "hash", by: { query: "room" } }];
  for (const affinity of kinds) {
    const { pool } = poolOf({ size: 8, affinity, balance: "round-robin" });
    const facts = factsOf({ query: "room=1" });
    const first = pool.pick({ kind: "tunnel", facts, failed: [] });
    assert.ok(first !== undefined);
    const leaver = { kind: "tunnel" as const, facts, failed: [first], leaves: true };
    const got = new Set(Array.from({ length: 10 }, () => pool.pick(leaver)));
    assert.equal(got.size, 1);
    assert.ok(got.has(pool.pick({ kind: "tunnel", facts, failed: [first] })));
  }
});

test("whoever has to leave a backend is never sent back there", () => {
  const { pool } = poolOf({ affinity: "client-ip" });
  const seeker = { kind: "tunnel" as const, facts: factsOf(), failed: [] };
  const preferred = pool.pick(seeker);
  assert.ok(preferred !== undefined);
  const leaver = { ...seeker, failed: [preferred], leaves: true };
  for (let at = 0; at < 10; at += 1) assert.notEqual(pool.pick(leaver), preferred);
  assert.equal(pool.pick({ ...leaver, failed: pool.members }), undefined);
});
