/** What a pool lets through to its backends, and who waits: on a clock that the test turns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { ConfigInput, PoolConfig } from "../../src/config/index.ts";
import { Pool } from "../../src/pool/index.ts";
import type { Backend, Waiter } from "../../src/pool/index.ts";
import { factsOf } from "./facts.ts";

type PoolInput = NonNullable<ConfigInput["pools"]>[string];

const FACTS = factsOf();

const configOf = (admission: object, backends: readonly (string | object)[] = ["ws://127.0.0.1:81"]): PoolConfig => {
  // What the test gives is judged by the schema itself.
  const { config } = parseConfig({ pools: { default: { backends, admission } as PoolInput } });
  const pool = config.pools["default"];
  assert.ok(pool);
  return pool;
};

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A pool with its clock; `wanted` are the backends that the supervisor was asked for. */
const world = (config: PoolConfig, workers = 1) => {
  let now = 0;
  const timers = new Set<Timer>();
  const wanted: string[] = [];
  const pool = new Pool(config, "secret", {
    clock: { now: () => now, wall: () => now },
    random: seededRandom(3),
    workers,
    onLoad: () => {},
    onWant: (_pool, { name }) => void wanted.push(name),
    later: (delay, run) => {
      const timer = { at: now + delay, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  });
  /** Lets time pass, and timers ring at their time. */
  const pass = (time: number): void => {
    const end = now + time;
    for (;;) {
      const [next] = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      now = Math.max(now, next.at);
      timers.delete(next);
      next.run();
    }
    now = end;
  };
  const claim = (kind: "tunnel" | "request" = "tunnel", failed: readonly Backend[] = []): Backend | undefined =>
    pool.claim({ kind, facts: FACTS, failed });
  const wait = (kind: "tunnel" | "request" = "tunnel", failed: readonly Backend[] = []): Waiter | undefined =>
    pool.wait({ kind, facts: FACTS, failed });
  return { pool, claim, wait, pass, wanted, timers, now: () => now };
};

/** What became of those that wait, in the order in which it did. */
const noted = (waiters: Record<string, Waiter | undefined>): string[] => {
  const notes: string[] = [];
  for (const [name, waiter] of Object.entries(waiters))
    void waiter?.place.then((backend) => notes.push(`${name} ${backend === undefined ? "in vain" : "in"}`));
  return notes;
};

const settled = (): Promise<void> => new Promise(setImmediate);

const FULL = { maxConnections: 1, queue: { size: 2, timeout: "5s" } };

test("a backend gets as many tunnels and requests as it may have, and others when some have ended", () => {
  const { pool, claim } = world(configOf({ maxConnections: 2 }));
  const first = claim();
  assert.ok(first);
  assert.ok(claim("request"));
  assert.equal(claim(), undefined);
  assert.equal(claim("request"), undefined);
  pool.release(first);
  assert.ok(claim());
  assert.equal(claim(), undefined);
});

test("who finds no place waits, first come, first served, and no more of them than the queue has places", async () => {
  const { pool, claim, wait } = world(configOf(FULL));
  const held = claim();
  assert.ok(held);
  const [one, two, three] = [wait(), wait(), wait()];
  assert.equal(three, undefined, "the queue is full");
  assert.equal(pool.queued, 2);
  const notes = noted({ one, two });
  pool.release(held);
  await settled();
  assert.deepEqual(notes, ["one in"]);
  assert.equal(claim(), undefined, "the place is taken already");
  pool.release(held);
  await settled();
  assert.deepEqual([notes, pool.queued], [["one in", "two in"], 0]);
});

test("who has waited long enough is told so, and by one timer for all", async () => {
  const { pool, claim, wait, pass, timers } = world(configOf(FULL));
  claim();
  const one = wait();
  pass(3_000);
  const notes = noted({ one, two: wait() });
  assert.equal(timers.size, 1);
  pass(1_999);
  await settled();
  assert.deepEqual(notes, []);
  pass(1);
  await settled();
  assert.deepEqual(notes, ["one in vain"]);
  pass(3_000);
  await settled();
  assert.deepEqual([notes, pool.queued, timers.size], [["one in vain", "two in vain"], 0, 0]);
});

test("who goes away leaves its place in the queue to others", async () => {
  const { pool, claim, wait, timers } = world(configOf(FULL));
  const held = claim();
  assert.ok(held);
  const [one, two] = [wait(), wait()];
  one?.leave();
  const three = wait();
  const notes = noted({ two, three });
  pool.release(held);
  await settled();
  assert.deepEqual(notes, ["two in"]);
  three?.leave();
  assert.equal(timers.size, 0, "nobody waits");
});

test("plain requests do not wait", () => {
  const { claim, wait } = world(configOf(FULL));
  claim();
  assert.equal(wait("request"), undefined);
});

test("nobody waits where no backend is well, or where all that are have failed for it", () => {
  const { pool, claim, wait } = world(configOf(FULL));
  const held = claim();
  assert.ok(held);
  assert.equal(wait("tunnel", [held]), undefined);
  assert.ok(!pool.isOverloaded({ kind: "tunnel", facts: FACTS, failed: [held] }));
  pool.setHealthy(held.name, false);
  assert.equal(wait(), undefined);
  assert.ok(!pool.isOverloaded({ kind: "tunnel", facts: FACTS, failed: [] }));
});

test("who waits is served by a backend that is well again, or added, or may have more", async () => {
  const [one, two] = ["ws://127.0.0.1:81", "ws://127.0.0.1:82"];
  const { pool, claim, wait } = world(configOf({ ...FULL, maxConnections: 1 }, [one, two]));
  pool.setHealthy(two, false);
  claim();
  const notes = noted({ first: wait() });
  pool.setHealthy(two, true);
  await settled();
  assert.deepEqual(notes, ["first in"]);
  const more = noted({ second: wait() });
  pool.update(configOf(FULL, [one, two, "ws://127.0.0.1:83"]), "secret");
  await settled();
  assert.deepEqual(more, ["second in"]);
  const again = noted({ third: wait() });
  pool.update(configOf({ ...FULL, maxConnections: 2 }, [one, two]), "secret");
  await settled();
  assert.deepEqual(again, ["third in"]);
});

test("a limit that is lowered ends nothing, and lets nobody in before enough has ended", () => {
  const { pool, claim } = world(configOf({ maxConnections: 3 }));
  const held = claim();
  assert.ok(held);
  claim();
  pool.update(configOf({ maxConnections: 1 }), "secret");
  assert.equal(claim(), undefined);
  pool.release(held);
  assert.equal(claim(), undefined);
  pool.release(held);
  assert.ok(claim());
});

test("nobody waits any more for a pool that is removed", async () => {
  const { pool, claim, wait } = world(configOf(FULL));
  claim();
  const notes = noted({ one: wait() });
  pool.retire();
  await settled();
  assert.deepEqual(notes, ["one in vain"]);
});

test("in any time a backend gets the burst and what the rate gives, and all who wait get in as fast", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 60 }),
      async (rate, burst, gaps) => {
        const { claim, wait, pass, now } = world(configOf({ rate, burst, queue: { size: 100, timeout: "10m" } }));
        const opened: number[] = [];
        for (const gap of gaps) {
          pass(gap);
          if (claim() !== undefined) opened.push(now());
          else void wait()?.place.then(() => opened.push(now()));
          await Promise.resolve();
        }
        for (let step = 0; opened.length < gaps.length && step < 100_000; step += 1) {
          pass(1);
          await Promise.resolve();
        }
        assert.equal(opened.length, gaps.length);
        opened.forEach((begin, index) => {
          const within = opened.slice(index).filter((at) => at <= begin + 1_000).length;
          assert.ok(within <= burst + rate + 1, `${within} in a second`);
        });
      },
    ),
    { numRuns: 60 },
  );
});

test("a newcomer does not overtake those that wait for a token that has come", async () => {
  const { claim, wait, pass, timers } = world(configOf({ rate: 1, burst: 1, queue: { size: 5, timeout: "1m" } }));
  assert.ok(claim());
  const notes = noted({ one: wait() });
  // The timer is late.
  timers.clear();
  pass(1_000);
  assert.equal(claim(), undefined);
  await settled();
  assert.deepEqual(notes, ["one in"]);
});

test("the rate is for tunnels: requests go where their affinity leads, however many came", () => {
  const { claim } = world(configOf({ rate: 1, burst: 1 }));
  assert.ok(claim());
  assert.equal(claim(), undefined);
  for (let turn = 0; turn < 20; turn += 1) assert.ok(claim("request"));
});

test("workers share the rate", () => {
  const { claim, pass } = world(configOf({ rate: 10, burst: 4 }), 2);
  const claimed = (): number => {
    let count = 0;
    while (claim() !== undefined) count += 1;
    return count;
  };
  assert.equal(claimed(), 2);
  pass(200);
  assert.equal(claimed(), 1);
});

test("a new rate goes on with the tokens that there are", () => {
  const { pool, claim, pass } = world(configOf({ rate: 1, burst: 1 }));
  assert.ok(claim());
  pool.update(configOf({ rate: 10, burst: 1 }), "secret");
  assert.equal(claim(), undefined);
  pass(100);
  assert.ok(claim());
  pool.update(configOf({ rate: "off" }), "secret");
  assert.ok(claim());
});

const NAME = "ws://127.0.0.1:81";

test("of several workers each begins with nothing, asks, and answers an order before it asks for more", async () => {
  const { pool, claim, wait, wanted } = world(configOf({ maxConnections: 4, queue: { size: 9, timeout: "5s" } }), 2);
  assert.equal(claim(), undefined);
  const notes = noted({ one: wait(), two: wait(), three: wait() });
  assert.deepEqual(wanted, [NAME], "once for all");
  const said: string[] = [];
  pool.allow(NAME, 1, (used) => {
    said.push(`uses ${used}`);
    assert.equal(wanted.length, 1, "what is wanted behind an order is told behind its answer");
  });
  assert.equal(wanted.length, 2, "two wait still");
  await settled();
  assert.deepEqual([said, notes], [["uses 1"], ["one in"]]);
  pool.allow(NAME, 3, (used) => void said.push(`uses ${used}`));
  await settled();
  assert.deepEqual(
    [said, notes],
    [
      ["uses 1", "uses 3"],
      ["one in", "two in", "three in"],
    ],
  );
});

test("without a queue a client is held until it is known that there is no place, and not longer than a second", async () => {
  const { pool, claim, wait, pass } = world(configOf({ maxConnections: 4 }), 2);
  assert.equal(claim(), undefined);
  const notes = noted({ one: wait(), two: wait("request") });
  pool.allow(NAME, 1, () => {});
  await settled();
  assert.deepEqual(notes, ["one in"]);
  pool.allow(NAME, 1, (used) => assert.equal(used, 1));
  await settled();
  assert.deepEqual(notes, ["one in", "two in vain"]);
  assert.equal(wait(), undefined, "it is known to be full");
  pool.allow(NAME, 2, () => {});
  assert.ok(claim());
  const late = noted({ three: wait() });
  pass(999);
  await settled();
  assert.deepEqual(late, []);
  pass(1);
  await settled();
  assert.deepEqual(late, ["three in vain"]);
});

test("a backend that nobody knows any more uses nothing, and that is said", () => {
  const { pool } = world(configOf({}), 2);
  const used: number[] = [];
  pool.allow("ws://127.0.0.1:9", 7, (count) => void used.push(count));
  assert.deepEqual(used, [0]);
});

test("a backend that warms up gets less, and its own weight when it comes back without that", () => {
  const backends = [NAME, "ws://127.0.0.1:82"];
  const { pool, claim } = world(configOf({}, backends));
  pool.warm(NAME, 0.25);
  for (let turn = 0; turn < 10; turn += 1) claim();
  assert.deepEqual(
    pool.members.map(({ own }) => own),
    [2, 8],
  );
  pool.warm(NAME, 1);
  for (let turn = 0; turn < 6; turn += 1) claim();
  assert.deepEqual(
    pool.members.map(({ own }) => own),
    [8, 8],
  );
  pool.warm(NAME, 0.1);
  pool.update(configOf({}, backends.slice(1)), "secret");
  pool.update(configOf({}, backends), "secret");
  assert.equal(pool.backend(NAME)?.weight, 1);
});
