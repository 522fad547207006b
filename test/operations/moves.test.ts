import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { FairleadError } from "../../src/base/index.ts";
import type { RebalanceOptions } from "../../src/config/index.ts";
import { Moves } from "../../src/operations/moves.ts";
import { A, B, C, configOf, simulate } from "./world.ts";

const DRAIN = { rate: 10, jitter: 0, waitIdle: "off", deadline: "off" } as const;
const TERMS: RebalanceOptions = { perMinute: 600, minAge: 1, tolerance: 0.1, interval: 10_000, evens: "method" };
const CONFIG = configOf({ backends: [A, B] });
const SECOND = 1_000;

const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    (error as FairleadError).code === code;

describe("a drain", () => {
  test("goes on at its rate over both workers until nothing is left, and is told at both ends", async () => {
    const world = simulate(CONFIG);
    const moves = new Moves(world);
    world.put(1, A, 30);
    world.put(2, A, 10);
    const begun = await moves.drain("chat", A, DRAIN, "operator");
    assert.deepEqual([begun.id, begun.total, begun.left, begun.state], ["d1", 40, 40, "running"]);
    await world.pass(2 * SECOND);
    assert.ok(Math.abs(world.total(A) - 20) <= 3, `${world.total(A)} are left after two seconds`);
    assert.equal(moves.drainOf("chat", A)?.left, world.total(A));
    assert.ok((world.workers.get(2)?.get(A) ?? 0) <= 6, "the smaller part is given in proportion");
    await world.pass(3 * SECOND);
    const [ended] = moves.list();
    assert.deepEqual([ended?.state, ended?.moved, ended?.left, ended?.currentRate], ["done", 40, 0, 0]);
    assert.equal(moves.drainOf("chat", A), undefined);
    assert.deepEqual(
      world.told.map(({ type, move: { total } }) => [type, total]),
      [
        ["move-started", 40],
        ["move-ended", 40],
      ],
    );
    assert.deepEqual([...moves.tallies().moved].length > 0, true);
  });

  test("is not over while a worker that has something, or may have, does not answer", async () => {
    for (const isKnown of [true, false]) {
      const world = simulate(CONFIG);
      const moves = new Moves(world);
      world.put(1, A, 10);
      world.put(2, A, 10);
      if (!isKnown) world.frozen.add(2);
      await moves.drain("chat", A, { ...DRAIN, deadline: 5 * SECOND }, "operator");
      world.frozen.add(2);
      await world.pass(10 * SECOND);
      const [waiting] = moves.list();
      assert.deepEqual([waiting?.state, waiting?.slowedBy], ["running", "a worker does not answer"]);
      assert.deepEqual([world.total(A), waiting?.left], [10, isKnown ? 10 : 0]);
      world.frozen.delete(2);
      await world.pass(5 * SECOND);
      assert.deepEqual([moves.list()[0]?.state, moves.list()[0]?.left, world.total(A)], ["deadline", 0, 0]);
    }
  });

  test("is not done while tunnels are on their way out, nor cut short at its deadline", async () => {
    const world = simulate(CONFIG);
    const moves = new Moves(world);
    world.put(1, A, 10);
    world.leaving = 2;
    await moves.drain("chat", A, { ...DRAIN, deadline: 3 * SECOND }, "operator");
    await world.pass(10 * SECOND);
    const [parting] = moves.list();
    assert.deepEqual([parting?.state, parting?.moved, parting?.left, parting?.currentRate], ["running", 10, 2, 0]);
    assert.equal(parting?.slowedBy, "the last tunnels are on their way out");
    world.leaving = 0;
    await world.pass(SECOND);
    const [ended] = moves.list();
    assert.deepEqual([ended?.state, ended?.left, ended?.slowedBy], ["done", 0, null]);
  });

  test("is over at its deadline only when what it has ended then is gone", async () => {
    const world = simulate(CONFIG);
    const moves = new Moves(world);
    world.put(1, A, 100);
    world.leaving = 1;
    await moves.drain("chat", A, { ...DRAIN, deadline: 3 * SECOND }, "operator");
    await world.pass(5 * SECOND);
    assert.deepEqual([moves.list()[0]?.state, moves.list()[0]?.left, world.total(A)], ["running", 1, 0]);
    world.leaving = 0;
    await world.pass(SECOND);
    assert.equal(moves.list()[0]?.state, "deadline");
  });

  test("ends at its deadline what is left by then", async () => {
    const world = simulate(CONFIG);
    const moves = new Moves(world);
    world.put(1, A, 100);
    await moves.drain("chat", A, { ...DRAIN, deadline: 3 * SECOND }, "configuration");
    await world.pass(4 * SECOND);
    const [ended] = moves.list();
    assert.deepEqual([ended?.state, ended?.moved, ended?.by, world.total(A)], ["deadline", 100, "configuration", 0]);
  });

  test("stops where it is when it is cancelled, and is replaced by a second one of the same backend", async () => {
    const world = simulate(CONFIG);
    const moves = new Moves(world);
    world.put(1, A, 100);
    const first = await moves.drain("chat", A, DRAIN, "operator");
    await world.pass(SECOND);
    const second = await moves.drain("chat", A, { ...DRAIN, rate: 20 }, "operator");
    assert.equal(moves.list().find(({ id }) => id === first.id)?.state, "cancelled");
    await world.pass(SECOND);
    assert.equal(moves.cancel(second.id).state, "cancelled");
    const left = world.total(A);
    assert.ok(left > 60 && left < 80, `${left} are left`);
    await world.pass(10 * SECOND);
    assert.equal(world.total(A), left);
    assert.throws(() => moves.cancel(second.id), isCode("CONFLICT"));
    assert.throws(() => moves.cancel("d99"), isCode("NOT_FOUND"));
  });

  test("slows down while clients are refused, stands still while nobody else takes them, and says why", async () => {
    const world = simulate(CONFIG);
    const moves = new Moves(world);
    world.put(1, A, 1_000);
    const { id } = await moves.drain("chat", A, DRAIN, "operator");
    const now = () => moves.list().find((move) => move.id === id);
    world.refused = 5;
    await world.pass(SECOND);
    assert.ok((now()?.currentRate ?? 10) < 10);
    assert.match(now()?.slowedBy ?? "", /refuses handshakes/);
    world.unhealthy.add(B);
    await world.pass(SECOND);
    const left = world.total(A);
    await world.pass(20 * SECOND);
    assert.deepEqual([world.total(A), now()?.currentRate], [left, 0]);
    assert.match(now()?.slowedBy ?? "", /no other backend/);
    world.unhealthy.clear();
    await world.pass(40 * SECOND);
    assert.deepEqual([now()?.currentRate, now()?.slowedBy], [10, null]);
  });

  test("of a backend whose pool is gone goes on", async () => {
    const world = simulate(CONFIG);
    const moves = new Moves(world);
    world.put(1, A, 20);
    world.config = () => configOf({ backends: [C] });
    await moves.drain("gone", A, DRAIN, "configuration");
    await world.pass(5 * SECOND);
    assert.deepEqual([moves.list()[0]?.state, world.total(A)], ["done", 0]);
  });

  test("stops with the instance", async () => {
    const world = simulate(CONFIG);
    const moves = new Moves(world);
    world.put(1, A, 20);
    await moves.drain("chat", A, DRAIN, "operator");
    moves.stop();
    await world.pass(5 * SECOND);
    assert.deepEqual([moves.list()[0]?.state, world.total(A)], ["cancelled", 20]);
  });
});

describe("a rebalance", () => {
  /** Clients come back to the backend that has least. */
  const scaledOut = () => {
    const world = simulate(
      configOf({ backends: [A, B, C], rebalance: { perMinute: 600, tolerance: 0.1, interval: "10s" } }),
    );
    world.put(1, A, 20);
    world.put(2, B, 20);
    world.put(1, C, 0);
    world.onMoved = () => world.put(1, C, (world.workers.get(1)?.get(C) ?? 0) + 1);
    return world;
  };

  test("moves the surplus and no more, sheds meanwhile, and is done", async () => {
    const world = scaledOut();
    const moves = new Moves({ ...world, config: () => configOf({ backends: [A, B, C] }) });
    const pool = world.config().pools["chat"];
    assert.ok(pool);
    assert.equal(moves.rebalance(pool, TERMS, "operator").state, "running");
    assert.throws(() => moves.rebalance(pool, TERMS, "operator"), isCode("CONFLICT"));
    await world.pass(30 * SECOND);
    const [ended] = moves.list();
    assert.deepEqual([ended?.state, ended?.moved, ended?.left], ["done", 12, 0]);
    assert.deepEqual([A, B, C].map(world.total), [14, 14, 12]);
    assert.ok(world.shedding.some((names) => names.length === 2));
    assert.deepEqual(world.shedding.at(-1), []);
  });

  test("that can move nothing ends by itself, and says why", async () => {
    const world = scaledOut();
    world.pinned = 1_000;
    const moves = new Moves({ ...world, config: () => configOf({ backends: [A, B, C] }) });
    const pool = world.config().pools["chat"];
    assert.ok(pool);
    moves.rebalance(pool, TERMS, "operator");
    await world.pass(50 * SECOND);
    assert.equal(moves.list()[0]?.state, "running", "they may become movable yet");
    await world.pass(20 * SECOND);
    const [ended] = moves.list();
    assert.deepEqual(
      [ended?.state, ended?.moved, ended?.slowedBy],
      ["done", 0, "what is left is pinned, or too young"],
    );
    assert.deepEqual(world.shedding.at(-1), []);
  });

  test("is refused where the request decides", () => {
    const world = simulate(configOf({ backends: [A, B], affinity: "client-ip" }));
    const pool = world.config().pools["chat"];
    assert.ok(pool);
    assert.throws(() => new Moves(world).rebalance(pool, TERMS, "operator"), isCode("CONFLICT"));
  });

  test("of the pool's own begins by itself where there is a reason, counts all that it moves, and only once", async () => {
    const world = scaledOut();
    const moves = new Moves(world);
    moves.watch();
    await world.pass(9 * SECOND);
    assert.deepEqual(moves.list(), []);
    await world.pass(60 * SECOND);
    const [ended, ...others] = moves.list();
    assert.deepEqual([ended?.state, ended?.moved, ended?.by, others], ["done", 12, "pool", []]);
    moves.stop();
  });

  test("of the pool's own is not begun for what cannot be moved", async () => {
    const world = scaledOut();
    world.pinned = 1_000;
    const moves = new Moves(world);
    moves.watch();
    await world.pass(300 * SECOND);
    assert.deepEqual(moves.list(), []);
    moves.stop();
  });

  test("of the pool's own waits while somebody's own runs, and ends when the pool does not want it any more", async () => {
    const world = scaledOut();
    const moves = new Moves(world);
    moves.watch();
    const pool = world.config().pools["chat"];
    assert.ok(pool);
    moves.rebalance(pool, { ...TERMS, perMinute: 12 }, "operator");
    await world.pass(30 * SECOND);
    assert.deepEqual(
      moves.list().map(({ by }) => by),
      ["operator"],
    );
    moves.cancel("r1");
    await world.pass(11 * SECOND);
    assert.equal(moves.list()[0]?.by, "pool");
    world.config = () => configOf({ backends: [A, B, C] });
    moves.watch();
    await world.pass(SECOND);
    assert.equal(moves.list()[0]?.state, "cancelled");
    assert.deepEqual(world.shedding.at(-1), []);
    const left = world.total(C);
    await world.pass(60 * SECOND);
    assert.equal(world.total(C), left);
  });
});
