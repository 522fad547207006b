import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import type { TunnelFilter, TunnelOrder, TunnelPage } from "../../src/admin/index.ts";
import { mergePages } from "../../src/operations/desk.ts";
import { deskOf } from "./described.ts";
import type { Facts } from "./described.ts";
import { A, B } from "./world.ts";

const idsOf = ({ tunnels }: TunnelPage): string[] => tunnels.map(({ id }) => id);

describe("the tunnels of a worker", () => {
  const TUNNELS: readonly Facts[] = [
    { id: "a", ageMs: 5, idleMs: 3, messages: 1, bytes: 50, rtt: 2, client: "192.0.2.7" },
    { id: "b", ageMs: 9, idleMs: 1, messages: 3, bytes: 10, backend: B },
    { id: "c", ageMs: 1, idleMs: 1, messages: 2, bytes: 90, rtt: 7 },
  ];

  test("are found by everything that is said of them", () => {
    const { page } = deskOf(1, TUNNELS);
    const found: readonly (readonly [TunnelFilter, string[]])[] = [
      [{}, ["b", "a", "c"]],
      [{ id: "c" }, ["c"]],
      [{ backend: B }, ["b"]],
      [{ client: "192.0.2.7" }, ["a"]],
      [{ minAgeMs: 5 }, ["b", "a"]],
      [{ minIdleMs: 2 }, ["a"]],
      [{ backend: A, minAgeMs: 2 }, ["a"]],
      [{ pool: "chat", route: "default", listener: "0.0.0.0:8080" }, ["b", "a", "c"]],
      [{ pool: "other" }, []],
      [{ host: "example.com" }, []],
    ];
    for (const [filter, ids] of found) {
      const got = page({ filter });
      assert.deepEqual([idsOf(got), got.total], [ids, ids.length], JSON.stringify(filter));
    }
  });

  test("are sorted by what is asked for, in both directions", () => {
    const { page } = deskOf(1, TUNNELS);
    const orders: Readonly<Record<TunnelOrder, string>> = {
      age: "cab",
      idle: "bca",
      messages: "acb",
      bytes: "bac",
      rtt: "bac",
    };
    for (const [sort, ids] of Object.entries(orders) as [TunnelOrder, string][]) {
      assert.equal(idsOf(page({ sort, descending: false })).join(""), ids, sort);
      assert.equal(idsOf(page({ sort, descending: true }))[0], ids.at(-1), sort);
    }
  });

  test("show the times of their heartbeats without a tail of digits, as records do", () => {
    const { page } = deskOf(1, [{ id: "a", rtt: 1.234_567_89 }]);
    assert.deepEqual([page().tunnels[0]?.clientRttMs, page().tunnels[0]?.backendRttMs], [1.235, null]);
  });

  test("that fit a filter are ended once", () => {
    const { end, ended, page } = deskOf(1, TUNNELS);
    assert.equal(end({ backend: A }), 2);
    assert.equal(end({ backend: A }), 0);
    assert.deepEqual(ended, [
      ["a", "operator"],
      ["c", "operator"],
    ]);
    assert.deepEqual(
      page().tunnels.map(({ state }) => state),
      ["open", "ending", "ending"],
    );
  });
});

test("pages of several workers, put together, are what one worker with all tunnels would show", () => {
  const sorts: readonly TunnelOrder[] = ["age", "idle", "messages", "bytes", "rtt"];
  const tunnel = fc.record({ worker: fc.integer({ min: 0, max: 2 }), value: fc.nat(1_000_000) });
  const query = fc.record({
    sort: fc.constantFrom(...sorts),
    descending: fc.boolean(),
    offset: fc.nat(30),
    limit: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(tunnel, { maxLength: 40, selector: ({ value }) => value }), query, (tunnels, asked) => {
      const facts = tunnels.map(({ worker, value }, index) => ({
        worker,
        facts: { id: `t${index}`, ageMs: value, idleMs: value, messages: value, bytes: value, rtt: value },
      }));
      const whole = { filter: {}, ...asked };
      const pages = [0, 1, 2].map((id) =>
        deskOf(
          id,
          facts.filter(({ worker }) => worker === id).map((one) => one.facts),
        ).page(whole),
      );
      const merged = mergePages(pages, whole);
      const sign = asked.descending ? -1 : 1;
      const sorted = facts.toSorted((one, other) => sign * (one.facts.ageMs - other.facts.ageMs));
      const wanted = sorted.slice(asked.offset, asked.offset + asked.limit).map((one) => one.facts.id);
      assert.deepEqual([idsOf(merged), merged.total, merged.offset], [wanted, facts.length, asked.offset]);
    }),
    { numRuns: 50 },
  );
});

describe("a worker's part of a move", () => {
  test("is the idlest tunnels of the backend, and never more than was ordered", () => {
    const { move, ended } = deskOf(1, [
      { id: "a", idleMs: 1 },
      { id: "b", idleMs: 9 },
      { id: "c", idleMs: 5 },
      { id: "d", idleMs: 99, backend: B },
    ]);
    const { backends } = move({ counts: { [A]: 2 } });
    assert.deepEqual(ended, [
      ["b", "drain"],
      ["c", "drain"],
    ]);
    assert.deepEqual(backends[A], { load: 3, left: 1, leaving: 2, moved: 2, failures: 0 });
    assert.deepEqual(backends[B], { load: 1, left: 1, leaving: 0, moved: 0, failures: 0 });
    assert.equal(move({ counts: { [A]: 5 } }).backends[A]?.moved, 1, "what is ending is not ended again");
  });

  test("leaves pinned and young ones alone in a rebalance; a drain takes them", () => {
    const tunnels = [
      { id: "pinned", pinned: true, ageMs: 99 },
      { id: "young", ageMs: 1 },
      { id: "old", ageMs: 50 },
    ];
    const one = deskOf(1, tunnels);
    one.move({ kind: "rebalance", counts: { [A]: 3 }, minAge: 10 });
    assert.deepEqual(one.ended, [["old", "rebalance"]]);
    const other = deskOf(1, tunnels);
    other.move({ counts: { [A]: 3 } });
    assert.equal(other.ended.length, 3);
  });

  test("leaves those alone in a rebalance that have just come to their backend, however old they are", () => {
    const tunnels = [
      { id: "rehomed", ageMs: 99, stayMs: 1 },
      { id: "resting", ageMs: 99, stayMs: 50 },
    ];
    const { move, ended } = deskOf(1, tunnels);
    move({ kind: "rebalance", counts: { [A]: 2 }, minAge: 10 });
    assert.deepEqual(ended, [["resting", "rebalance"]]);
  });

  test("counts what is on its way out apart, until it has left: it is not moved again, and nobody's load", () => {
    const one = deskOf(1, [
      { id: "finishes", isLeaving: true },
      { id: "searches", isLeaving: true, hasLeft: true },
      { id: "stays" },
    ]);
    const { left, leaving } = one.move({ counts: {} }).backends[A] ?? {};
    assert.deepEqual([left, leaving], [1, 1]);
    assert.equal(one.move({ counts: { [A]: 3 } }).backends[A]?.leaving, 2);
    assert.deepEqual(one.ended, [["stays", "drain"]]);
  });

  test("counts handshakes under way as left: they may become tunnels", () => {
    const { move, pool } = deskOf(1, []);
    const backend = pool.backend(A);
    assert.ok(backend);
    pool.acquire(backend);
    assert.equal(move({}).backends[A]?.left, 1);
    pool.requestBegun(backend);
    assert.equal(move({}).backends[A]?.left, 0, "a request is no tunnel");
  });

  test("of a pool that it does not have is nothing", () => {
    assert.deepEqual(deskOf(1, []).move({ pool: "gone", counts: { [A]: 1 } }), { backends: {}, refused: 0 });
  });
});
