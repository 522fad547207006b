/** Rebalances that go by what tunnels carry: two workers' desks over tunnels that are only described. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { carriedNothing } from "../../src/pool/index.ts";
import { Moves } from "../../src/operations/moves.ts";
import { deskOf } from "./described.ts";
import type { Facts } from "./described.ts";
import { A, B, configOf, simulate } from "./world.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const LEAST_LOAD: Parameters<typeof configOf>[0] = {
  backends: [A, B],
  balance: { method: "least-load", fromBackend: 0, messageBytes: "1KiB", tunnel: 0.5 },
};
const ASKS = { sizes: { [A]: { least: 0, most: 100, sum: 100 } }, asks: true };

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

describe("a worker's desk that weighs tunnels", () => {
  const TUNNELS: readonly Facts[] = [
    { id: "busy", ageMs: HOUR, perSecond: 9 },
    { id: "busier", ageMs: HOUR, perSecond: 20 },
    { id: "quiet", ageMs: HOUR, perSecond: 1 },
    { id: "elsewhere", ageMs: HOUR, perSecond: 5, backend: B },
  ];

  test("tells what they carry, as the pool's method counts it, and ends none", () => {
    const { move, ended, pool } = deskOf(1, TUNNELS, { pool: LEAST_LOAD });
    const busy = pool.backend(A);
    assert.ok(busy);
    const { backends } = move({ kind: "rebalance", bySize: { sizes: {}, asks: true } });
    const { all = 0, ...rest } = backends[A]?.carried ?? {};
    assert.deepEqual([round(all), rest], [31.5, { moved: 0, offers: [], strain: 1 }]);
    assert.equal(round(backends[B]?.carried?.all ?? 0), 5.5);
    const bytes = deskOf(1, [{ id: "one", ageMs: 10 * SECOND, bytes: 20_480 }], { pool: LEAST_LOAD });
    const carried = bytes.move({ kind: "rebalance", bySize: ASKS }).backends[A]?.carried;
    assert.equal(round(carried?.all ?? 0), 2.5, "20 KiB in 10 seconds are 2 messages a second");
    assert.deepEqual(ended, []);
  });

  test("offers those that carry most and fit, and ends what it is told to", () => {
    const { move, ended } = deskOf(1, TUNNELS, { pool: LEAST_LOAD });
    const order = { kind: "rebalance", counts: { [A]: 2 } } as const;
    const offered = move({ ...order, bySize: { ...ASKS, sizes: { [A]: { least: 2, most: 15, sum: 100 } } } });
    assert.deepEqual(offered.backends[A]?.carried?.offers.map(round), [9.5]);
    assert.deepEqual([offered.backends[A]?.moved, ended], [0, []]);
    const given = move({ ...order, bySize: { sizes: { [A]: { least: 2, most: 15, sum: 100 } }, asks: false } });
    assert.deepEqual(ended, [["busy", "rebalance"]]);
    const { moved, left, carried } = given.backends[A] ?? {};
    assert.deepEqual([moved, left, round(carried?.moved ?? 0), round(carried?.all ?? 0)], [1, 2, 9.5, 22]);
    assert.deepEqual(carried?.offers, []);
  });

  test("leaves pinned ones alone, and those that have just come", () => {
    const { move } = deskOf(
      1,
      [
        { id: "pinned", ageMs: HOUR, perSecond: 9, pinned: true },
        { id: "young", ageMs: SECOND, perSecond: 8 },
        { id: "rehomed", ageMs: HOUR, stayMs: SECOND, perSecond: 7.5 },
        { id: "old", ageMs: HOUR, perSecond: 7 },
      ],
      { pool: LEAST_LOAD },
    );
    const { backends } = move({ kind: "rebalance", counts: { [A]: 3 }, minAge: 60 * SECOND, bySize: ASKS });
    assert.deepEqual(backends[A]?.carried?.offers.map(round), [7.5]);
  });

  test("goes by nothing where the method does not, and ends none then", () => {
    const { move, ended } = deskOf(1, TUNNELS);
    const order = { kind: "rebalance", counts: { [A]: 2 }, bySize: { ...ASKS, asks: false } } as const;
    assert.equal(move(order).backends[A]?.carried, undefined);
    assert.deepEqual(ended, []);
  });

  test("sees what tunnels carry by now", () => {
    let now = 0;
    const { move, open } = deskOf(1, [], { pool: LEAST_LOAD, now: () => now });
    open({ id: "one", perSecond: 4 });
    const carried = (): number =>
      move({ kind: "rebalance", bySize: { sizes: {}, asks: true } }).backends[A]?.carried?.all ?? 0;
    carried();
    now = 30 * SECOND;
    assert.equal(round(carried()), 4.5);
  });
});

/** An instance of two workers; clients whose tunnels are ended come back to the other backend, through the same worker. */
const instanceOf = (tunnels: readonly (readonly Facts[])[], rebalance?: { readonly perMinute?: number }) => {
  const config = configOf({ ...LEAST_LOAD, ...(rebalance !== undefined && { rebalance }) });
  const world = simulate(config);
  const now = (): number => world.clock.now();
  const desks = tunnels.map((own, index) => deskOf(index + 1, own, { pool: LEAST_LOAD, now }));
  const factsOf = new Map(tunnels.flat().map((facts) => [facts.id, facts]));
  world.order = async (orderFor) => {
    const reports = desks.map(({ desk, ended, open }, index) => {
      const worker = index + 1;
      const before = ended.length;
      const report = desk.answer({ about: "move", ask: orderFor(worker) });
      for (const [id] of ended.slice(before)) {
        const { perSecond = 0, backend = A } = factsOf.get(id) ?? {};
        const back: Facts = { id: `${id}'`, perSecond, backend: backend === A ? B : A };
        factsOf.set(back.id, back);
        open(back);
      }
      return { worker, report: report as ReturnType<(typeof desks)[number]["move"]> }; // the answer to this question
    });
    return Promise.resolve(reports);
  };
  const moves = new Moves(world);
  const pool = config.pools["chat"];
  assert.ok(pool);
  /** A backend says how loaded it is, and all workers hear it. */
  const report = (name: string, load: number): void => {
    for (const { pool: known } of desks) {
      const backend = known.backend(name);
      if (backend !== undefined) known.noteReport(backend, load);
      known.look(SECOND, carriedNothing);
    }
  };
  return { world, moves, pool, report, ended: () => desks.flatMap(({ ended }) => ended.map(([id]) => id)) };
};

const TERMS = { perMinute: 600, minAge: 60 * SECOND, tolerance: 0.1, interval: 10 * SECOND, evens: "method" } as const;
const quiet = (worker: number, count: number): Facts[] =>
  Array.from({ length: count }, (_, at) => ({ id: `quiet-${worker}-${at}`, ageMs: HOUR }));

describe("a rebalance under least-load", () => {
  const BUSY: readonly (readonly Facts[])[] = [
    [{ id: "three", ageMs: HOUR, perSecond: 3 }, { id: "eleven", ageMs: HOUR, perSecond: 11 }, ...quiet(1, 20)],
    [{ id: "eight", ageMs: HOUR, perSecond: 8 }, { id: "twelve", ageMs: HOUR, perSecond: 12 }, ...quiet(2, 20)],
  ];

  test("moves the few tunnels of all workers that carry most of the surplus", async () => {
    const { world, moves, pool, ended } = instanceOf(BUSY);
    const begun = moves.rebalance(pool, TERMS, "operator");
    assert.equal(begun.evens, "carried");
    await world.pass(30 * SECOND);
    const [move] = moves.list();
    // 34 of messages and 22 of 44 tunnels that are open: the half of that is 28.
    assert.deepEqual(ended().toSorted(), ["eleven", "three", "twelve"]);
    assert.deepEqual([move?.state, move?.slowedBy, move?.left], ["done", null, 0]);
    assert.ok(world.shedding.some(([name]) => name === A));
    assert.deepEqual(world.shedding.at(-1), []);
  });

  test("gives a backend that says that it is loaded a smaller share", async () => {
    const of = (backend: string, worker: number): Facts[] =>
      Array.from({ length: 10 }, (_, at) => ({ id: `${backend} ${worker} ${at}`, ageMs: HOUR, perSecond: 2, backend }));
    const both = [1, 2].map((worker) => [...of(A, worker), ...of(B, worker)]);
    const silent = instanceOf(both);
    silent.moves.rebalance(silent.pool, TERMS, "operator");
    await silent.world.pass(30 * SECOND);
    assert.deepEqual(silent.ended(), []);
    const telling = instanceOf(both);
    // A factor of 2: one part of three is A's.
    telling.report(A, 0.75);
    telling.moves.rebalance(telling.pool, TERMS, "operator");
    await telling.world.pass(30 * SECOND);
    const count = telling.ended().length;
    assert.ok(count >= 5 && count <= 7, `${count} were moved`);
    assert.ok(telling.ended().every((id) => id.startsWith(A)));
  });

  test("that is to even tunnels takes the idlest, and of the same pool half of all", async () => {
    const { world, moves, pool, ended } = instanceOf(BUSY);
    assert.equal(moves.rebalance(pool, { ...TERMS, evens: "tunnels" }, "operator").evens, "tunnels");
    await world.pass(30 * SECOND);
    assert.ok(ended().length >= 20, `${ended().length} were moved`);
  });

  test("of the pool's own leaves a single tunnel alone that carries nearly all, and is not begun for it", async () => {
    const { world, moves, ended } = instanceOf(
      [[{ id: "giant", ageMs: HOUR, perSecond: 500 }, ...quiet(1, 5)], []],
      {},
    );
    moves.watch();
    await world.pass(300 * SECOND);
    assert.deepEqual([moves.list(), ended()], [[], []]);
    moves.stop();
  });

  test("that somebody asked for ends where nothing fits, and says why", async () => {
    const { world, moves, pool, ended } = instanceOf([[{ id: "giant", ageMs: HOUR, perSecond: 500 }], quiet(2, 5)]);
    moves.rebalance(pool, TERMS, "operator");
    await world.pass(70 * SECOND);
    const [move] = moves.list();
    assert.deepEqual([move?.state, move?.moved, ended()], ["done", 0, []]);
    assert.match(move?.slowedBy ?? "", /carries too much or too little/);
  });

  test("of the pool's own goes by number again when the method is another one", async () => {
    const { world, moves } = instanceOf(BUSY, { perMinute: 60 });
    moves.watch();
    await world.pass(11 * SECOND);
    assert.equal(moves.list()[0]?.evens, "carried");
    world.config = () => configOf({ backends: [A, B], rebalance: { perMinute: 60 } });
    moves.watch();
    await world.pass(30 * SECOND);
    assert.equal(moves.list()[0]?.evens, "tunnels");
    moves.stop();
  });
});
