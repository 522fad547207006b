/** Laws of the board on which the supervisor keeps what every worker has on every backend. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LoadBoard } from "../../src/supervisor/load-board.ts";
import type { LoadChange } from "../../src/supervisor/messages.ts";

const PLACES = [
  ["a", "ws://a0.test:80"],
  ["a", "ws://a1.test:80"],
  ["a", "ws://a2.test:80"],
  ["b", "ws://a0.test:80"],
] as const;
const WORKERS = [1, 2, 3];

const change: fc.Arbitrary<LoadChange> = fc
  .tuple(fc.constantFrom(...PLACES), fc.nat({ max: 1_000 }))
  .map(([[pool, backend], load]) => [pool, backend, load]);
const told = fc.array(fc.tuple(fc.constantFrom(...WORKERS), change), { maxLength: 60 });

/** A board that has been told all this, and what it should know. */
const boardOf = (history: readonly (readonly [number, LoadChange])[]) => {
  const board = new LoadBoard();
  for (const worker of WORKERS) board.addWorker(worker);
  const known = new Map<string, number>();
  for (const [worker, [pool, backend, load]] of history) {
    board.set(worker, [pool, backend, load]);
    known.set(`${worker} ${pool} ${backend}`, load);
  }
  const own = (worker: number, pool: string, backend: string): number => known.get(`${worker} ${pool} ${backend}`) ?? 0;
  const othersOf = (worker: number, pool: string, backend: string, workers = WORKERS): number =>
    workers.filter((other) => other !== worker).reduce((sum, other) => sum + own(other, pool, backend), 0);
  return { board, own, othersOf };
};

test("what the others have is the latest of each of them, added up", () => {
  fc.assert(
    fc.property(told, (history) => {
      const { board, othersOf } = boardOf(history);
      for (const worker of WORKERS) {
        for (const [pool, backend] of PLACES)
          assert.equal(board.others(worker, pool, backend), othersOf(worker, pool, backend));
        const expected = PLACES.map(([pool, backend]) => [pool, backend, othersOf(worker, pool, backend)] as const);
        assert.deepEqual(
          new Set(board.allOthers(worker).map(String)),
          new Set(expected.filter(([, , load]) => load > 0).map(String)),
        );
      }
    }),
  );
});

test("a worker that goes gives back all that it had, and nothing else", () => {
  fc.assert(
    fc.property(told, fc.constantFrom(...WORKERS), (history, gone) => {
      const { board, own, othersOf } = boardOf(history);
      const changed = board.removeWorker(gone).map(([pool, backend]) => `${pool} ${backend}`);
      const had = PLACES.filter(([pool, backend]) => own(gone, pool, backend) > 0);
      assert.deepEqual(new Set(changed), new Set(had.map(([pool, backend]) => `${pool} ${backend}`)));
      const rest = WORKERS.filter((worker) => worker !== gone);
      for (const worker of rest) {
        for (const [pool, backend] of PLACES)
          assert.equal(board.others(worker, pool, backend), othersOf(worker, pool, backend, rest));
      }
    }),
  );
});

test("what a worker tells when it has gone already counts for nothing, and going twice gives back once", () => {
  const board = new LoadBoard();
  board.addWorker(1);
  board.addWorker(2);
  board.set(1, ["a", "one", 5]);
  assert.deepEqual(
    board.removeWorker(1).map(([pool, backend]) => [pool, backend]),
    [["a", "one"]],
  );
  board.set(1, ["a", "one", 7]);
  assert.deepEqual(board.removeWorker(1), []);
  assert.equal(board.others(2, "a", "one"), 0);
});
