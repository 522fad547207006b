/** What is measured of backends, and what follows for choosing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { balanceSchema } from "../../src/balancing/index.ts";
import type { BalanceInput } from "../../src/balancing/index.ts";
import { seededRandom } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { PoolConfig } from "../../src/config/index.ts";
import { Gauge } from "../../src/pool/gauge.ts";
import { addReadings, carriedNothing, NO_READING, Pool } from "../../src/pool/index.ts";
import type { Backend, Carried, Reading } from "../../src/pool/index.ts";
import { PeakMean } from "../../src/pool/peak-mean.ts";
import { backendNames } from "../base/views.ts";
import { factsOf } from "./facts.ts";

const SECOND = 1000;
const LEAST_LOAD: BalanceInput = { method: "least-load", window: "10s", messageBytes: "1KiB", tunnel: 0 };
const FACTS = factsOf();

const configOf = (balance: BalanceInput, names: readonly string[]): PoolConfig => {
  const pools = { chat: { backends: [...names], balance } };
  const { chat } = parseConfig({ pools, defaultPool: "chat" }).config.pools;
  assert.ok(chat);
  return chat;
};

/** A pool, and what its tunnels are told to have carried: messages of clients. */
const poolOf = (balance: BalanceInput, size = 2, workers = 1) => {
  const names = backendNames(size);
  const world = {
    clock: { now: () => 0, wall: () => 0 },
    random: seededRandom(7),
    workers,
    onLoad: () => {},
    onWant: () => {},
  };
  const pool = new Pool(configOf(balance, names), "secret", world);
  const messages = new Map<string, number>();
  const carriedBy = ({ name }: Backend): Carried => ({
    messages: { fromClient: messages.get(name) ?? 0, fromBackend: 0 },
    bytes: { fromClient: 0, fromBackend: 0 },
  });
  const at = (index: number): Backend => {
    const backend = pool.backend(names[index] ?? "");
    assert.ok(backend);
    return backend;
  };
  return {
    pool,
    names,
    at,
    acquire: (index: number, times = 1) => {
      for (let i = 0; i < times; i += 1) pool.acquire(at(index));
    },
    release: (index: number, times = 1) => {
      for (let i = 0; i < times; i += 1) pool.release(at(index));
    },
    /** So many seconds, in each of which every backend's tunnels carry so much. */
    pass: (seconds: number, ...rates: readonly number[]) => {
      for (let second = 0; second < seconds; second += 1) {
        for (const [index, name] of names.entries())
          messages.set(name, (messages.get(name) ?? 0) + (rates[index] ?? 0));
        pool.look(SECOND, carriedBy);
      }
    },
    /** Where the next ones go. */
    picks: (count: number): number[] =>
      Array.from({ length: count }, () => {
        const backend = pool.pick({ kind: "tunnel", facts: FACTS, failed: [] });
        assert.ok(backend);
        pool.acquire(backend);
        return backend.index;
      }),
  };
};

const count = (indices: readonly number[], wanted: number): number =>
  indices.filter((index) => index === wanted).length;

test("new tunnels go to the backend whose tunnels carry less, each counted as the pool's mean until it is measured", () => {
  const { acquire, pass, picks } = poolOf(LEAST_LOAD);
  acquire(0, 10);
  acquire(1, 10);
  pass(60, 30, 10);
  // 40 messages a second over 20 tunnels are 2 each: ten of them make 10 as much as 30, and then they take turns.
  const chosen = picks(30);
  assert.equal(count(chosen.slice(0, 10), 1), 10);
  assert.equal(count(chosen.slice(10), 1), 10);
});

test("what young tunnels are taken for gives way to what they carry, with the window as its time constant", () => {
  const { acquire, pass, pool, at } = poolOf(LEAST_LOAD);
  acquire(0, 10);
  pass(120, 100);
  acquire(1, 10);
  pass(10, 100, 0);
  // Seeded with 10 times 10; after one time constant 1/e of it is left, but for what the mean itself has changed.
  const { activity } = at(1).gauge;
  assert.ok(Math.abs(activity / 100 - Math.exp(-1)) < 0.05, String(activity));
  pass(60, 100, 0);
  assert.ok(at(1).gauge.activity < 1);
  assert.ok(pool.isMeasured && pool.asksForTraffic);
});

test("a tunnel that ends takes its share with it at once", () => {
  const { acquire, release, pass, picks } = poolOf(LEAST_LOAD);
  acquire(0, 10);
  acquire(1, 10);
  pass(60, 100, 85);
  release(0, 5);
  // 100 has become 50, and grows by 10 with each that comes in the place of one that went: 60, 70, 80, 90.
  assert.equal(count(picks(4), 0), 4);
  assert.equal(count(picks(1), 1), 1);
});

test("at the start a plain mean goes, so nobody looks free for want of time", () => {
  const { acquire, pass, at } = poolOf(LEAST_LOAD);
  acquire(0);
  // The first look only sees how far the counters are.
  pass(3, 50);
  assert.equal(at(0).gauge.activity, 50);
});

test("bytes and directions count by their weights", () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.nat(1e6), fc.nat(1e9), fc.nat(1e9), (a, b, c, d) => {
      const gauge = new Gauge();
      const measure = { messageBytes: 4096, fromClient: 1, fromBackend: 0.5, tunnel: 0.1, window: 1 };
      const nothing = { fromClient: 0, fromBackend: 0 };
      gauge.carry({ messages: nothing, bytes: nothing }, measure, SECOND);
      const carried = { messages: { fromClient: a, fromBackend: b }, bytes: { fromClient: c, fromBackend: d } };
      gauge.carry(carried, measure, 2 * SECOND);
      const { activity } = gauge.take().own;
      assert.ok(Math.abs(2 * activity - (a + c / 4096 + (b + d / 4096) / 2)) < 1e-3);
    }),
  );
});

test("two workers that tell each other know the same as one that has it all", () => {
  const [one, first, second] = [poolOf(LEAST_LOAD), poolOf(LEAST_LOAD, 2, 2), poolOf(LEAST_LOAD, 2, 2)];
  one.acquire(0, 8);
  first.acquire(0, 5);
  second.acquire(0, 3);
  first.pool.setOthers(one.names[0] ?? "", 3);
  second.pool.setOthers(one.names[0] ?? "", 5);
  const readingOf = (activity: number): ReadonlyMap<string, Reading> =>
    new Map([[one.names[0] ?? "", { ...NO_READING, activity }]]);
  for (let step = 0; step < 100; step += 1) {
    one.pass(1, 80);
    first.pool.setOtherReadings(readingOf(30));
    second.pool.setOtherReadings(readingOf(50));
    first.pass(1, 50);
    second.pass(1, 30);
  }
  const known = [one, first, second].map(({ at }) => Math.round(at(0).gauge.activity * 10) / 10);
  assert.deepEqual(known, [80, 80, 80]);
});

test("a peak is believed at once and forgotten with its time constant; the mean never lies outside of what was seen", () => {
  const second = fc.record({ sum: fc.nat(10_000), some: fc.boolean() });
  fc.assert(
    fc.property(fc.array(second, { minLength: 1, maxLength: 40 }), (seconds) => {
      const peak = new PeakMean();
      let before: number | undefined;
      const seen: number[] = [];
      for (const { sum, some } of seconds) {
        peak.advance(SECOND, sum, some ? 1 : 0, 10 * SECOND);
        if (some) {
          seen.push(sum);
          assert.ok((peak.value ?? -1) >= sum, "as slow as the latest at least");
          assert.ok((peak.value ?? -1) <= Math.max(...seen));
          if (before !== undefined && before > sum) assert.ok((peak.value ?? -1) <= before, "and on its way down");
        } else assert.equal(peak.value, before);
        before = peak.value;
      }
    }),
  );
  const peak = new PeakMean();
  peak.advance(SECOND, 300, 3, 10 * SECOND);
  assert.equal(peak.value, 100, "the mean of a second");
  for (let i = 0; i < 10; i += 1) peak.advance(SECOND, 0, 1, 10 * SECOND);
  assert.ok(Math.abs((peak.value ?? 0) - 100 / Math.E) < 1e-6);
  for (let i = 0; i < 61; i += 1) peak.advance(SECOND, 0, 0, 10 * SECOND);
  assert.equal(peak.value, undefined, "after a minute of silence nothing is known");
});

test("a backend of which nothing is known is taken for one in the middle", () => {
  const { pool, at, picks } = poolOf("fastest", 3);
  pool.noteHandshake(at(0), 9);
  pool.noteHandshake(at(1), 99);
  pool.look(SECOND, carriedNothing);
  // Handshakes of 9, 99 and (the lower middle) 9 ms, and a millisecond for all: 10, 100, 10.
  const chosen = picks(2100);
  assert.ok(Math.abs(count(chosen, 2) - 1000) < 20, String(count(chosen, 2)));
  assert.ok(Math.abs(count(chosen, 1) - 100) < 20, String(count(chosen, 1)));
});

test("handshakes and heartbeats add up", () => {
  const { pool, at, picks } = poolOf("fastest");
  pool.noteHandshake(at(0), 4);
  pool.noteHandshake(at(1), 4);
  pool.noteRoundTrip(at(0), 15);
  pool.noteRoundTrip(at(1), 5);
  pool.look(SECOND, carriedNothing);
  assert.equal(count(picks(30), 1), 20);
});

test("a backend's own report is a factor from a quarter to four that fades when it is not renewed", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(600), (load, seconds) => {
      const gauge = new Gauge();
      assert.equal(gauge.strain, 1, "who says nothing");
      gauge.noteReport(load);
      gauge.heed(gauge.take().all, SECOND);
      const fresh = gauge.strain;
      assert.ok(Math.abs(fresh - 4 ** (2 * load - 1)) < 1e-9);
      gauge.heed(NO_READING, seconds * SECOND);
      assert.ok(Math.abs(Math.log(gauge.strain)) <= Math.abs(Math.log(fresh)) + 1e-12, "nearer to 1");
      gauge.heed(NO_READING, 3600 * SECOND);
      assert.ok(Math.abs(gauge.strain - 1) < 1e-9, "and forgotten in the end");
    }),
  );
});

test("what is known of backends outlives a change of the pool's membership, and a change of method ends it", () => {
  const { pool, names, acquire, pass, picks, at } = poolOf(LEAST_LOAD);
  acquire(0, 10);
  acquire(1, 10);
  pass(60, 30, 10);
  pool.update(configOf(LEAST_LOAD, ["ws://10.9.9.9:8000", ...names]), "secret");
  // The new one is filled up to what the second carries, by tunnels of 2 each.
  assert.deepEqual(new Set(picks(5)), new Set([0]));
  assert.deepEqual([at(0).gauge.activity, at(1).gauge.activity].map(Math.round), [30, 10]);
  pool.update(configOf("fastest", names), "secret");
  assert.equal(at(0).gauge.activity, 0);
  assert.equal(pool.asksForTraffic, false);
  pool.update(configOf("round-robin", names), "secret");
  assert.equal(pool.isMeasured, false);
});

test("where a rate tells tunnels and requests apart, both go by what is measured", () => {
  const { pool, names, acquire, pass, at } = poolOf(LEAST_LOAD);
  const config = configOf(LEAST_LOAD, names);
  pool.update({ ...config, admission: { ...config.admission, rate: 1000, burst: 1000 } }, "secret");
  acquire(0, 10);
  acquire(1, 10);
  pass(60, 30, 10);
  assert.equal(pool.pick({ kind: "tunnel", facts: FACTS, failed: [] }), at(1));
  assert.equal(pool.pick({ kind: "request", facts: FACTS, failed: [] }), at(1));
});

test("what a worker tells is what it alone has seen, and each thing once", () => {
  const { pool, at, names } = poolOf(balanceSchema.parse("fastest"), 1);
  pool.noteHandshake(at(0), 5);
  pool.setOtherReadings(new Map([[names[0] ?? "", { ...NO_READING, handshakes: 1, handshakeMs: 9 }]]));
  assert.deepEqual(pool.look(SECOND, carriedNothing), [
    ["chat", names[0], { ...NO_READING, handshakes: 1, handshakeMs: 5 }],
  ]);
  assert.equal(at(0).gauge.handshake.value, 7, "while both counted");
  assert.deepEqual(pool.look(SECOND, carriedNothing), [["chat", names[0], NO_READING]]);
});

test("of two messages of other workers between two looks nothing is lost but what they no longer carry", () => {
  const { pool, at, names } = poolOf("fastest", 1);
  const tell = (some: Partial<Reading>) =>
    pool.setOtherReadings(new Map([[names[0] ?? "", { ...NO_READING, ...some }]]));
  tell({ handshakes: 1, handshakeMs: 30 });
  tell({ handshakes: 2, handshakeMs: 0 });
  pool.setOtherReadings(new Map());
  pool.look(SECOND, carriedNothing);
  assert.equal(at(0).gauge.handshake.value, 10);
});

test("readings add up whichever comes first", () => {
  const reading = fc.record(
    {
      activity: fc.nat(),
      handshakes: fc.nat(),
      handshakeMs: fc.nat(),
      roundTrips: fc.nat(),
      roundTripMs: fc.nat(),
      reports: fc.nat(),
      reported: fc.nat(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(reading, reading, (one, other) => {
      assert.deepEqual(addReadings(one, other), addReadings(other, one));
      assert.deepEqual(addReadings(one, NO_READING), one);
    }),
  );
});

const START = { activity: null, handshakeMs: null, roundTripMs: null, reported: null, load: 0 };

test("what is known is told where the method asks for it, and only once it is known", () => {
  const none = poolOf({ method: "least-connections" });
  assert.deepEqual([...none.pool.gauged()], []);
  const load = poolOf(LEAST_LOAD);
  const [name = ""] = load.names;
  load.pass(1, 50);
  assert.equal(load.pool.gauged().get(name)?.activity, null, "one look only sees how far counters are");
  load.acquire(0);
  load.pass(2, 50);
  load.pool.noteReport(load.at(0), 0.5);
  load.pool.noteReport(load.at(0), 0.9);
  load.pass(1, 50);
  const known = load.pool.gauged().get(name);
  assert.deepEqual(known, { activity: 50, handshakeMs: null, roundTripMs: null, reported: { load: 0.7, ageMs: 0 } });
  load.pass(299, 50);
  assert.equal(load.pool.gauged().get(name)?.reported?.ageMs, 299_000);
  load.pass(1, 50);
  assert.equal(load.pool.gauged().get(name)?.reported, null, "it counts no more");
  const fast = poolOf({ method: "fastest" });
  fast.pool.noteHandshake(fast.at(0), 30);
  fast.pool.noteHandshake(fast.at(0), 10);
  fast.pass(1);
  assert.deepEqual(fast.pool.gauged().get(name), { ...known, activity: null, handshakeMs: 20, reported: null });
});

test("who begins with what others have measured chooses as they would", () => {
  const fast = poolOf({ method: "fastest" });
  const [slow = "", quick = "", full = ""] = fast.names;
  fast.pool.beginReadings(
    new Map([
      [slow, { ...START, handshakeMs: 800, activity: 12 }],
      [quick, { ...START, handshakeMs: 5, roundTripMs: 1 }],
      ["ws://gone.test:81", { ...START, handshakeMs: 1 }],
    ]),
  );
  assert.equal(count(fast.picks(10), 1), 10);
  assert.equal(fast.pool.gauged().get(slow)?.activity, null, "what the method does not ask for is passed over");
  assert.equal(full, "");

  const load = poolOf(LEAST_LOAD, 2, 2);
  load.pool.setOthers(slow, 10);
  load.pool.setOthers(quick, 10);
  const starts = [100, 10].map((activity, at) => [load.names[at] ?? "", { ...START, activity, load: 10 }] as const);
  load.pool.beginReadings(new Map(starts));
  assert.equal(count(load.picks(10), 1), 10);
  // What the others carry goes on to count until they tell.
  load.pass(3);
  assert.ok(Math.abs((load.pool.gauged().get(slow)?.activity ?? 0) - 100) < 1);
  load.pool.setOtherReadings(new Map());
  load.pass(60);
  assert.ok((load.pool.gauged().get(slow)?.activity ?? 100) < 10);
});
