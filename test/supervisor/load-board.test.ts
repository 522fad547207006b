/** Laws of the board on which the supervisor keeps what every worker has on every backend. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseConfig } from "../../src/config/index.ts";
import { LoadBoard } from "../../src/supervisor/load-board.ts";
import type { LoadChange } from "../../src/supervisor/messages.ts";

const SIZES = { a: 3, b: 1 };
const backends = (pool: string, size: number): string[] =>
  Array.from({ length: size }, (_, index) => `ws://${pool}${index}.test:80`);
const POOLS = Object.values(
  parseConfig({
    pools: { a: { backends: backends("a", SIZES.a) }, b: { backends: backends("b", SIZES.b) } },
    defaultPool: "a",
  }).config.pools,
);
const PLACES = POOLS.flatMap(({ name, backends: { length } }) =>
  Array.from({ length }, (_, index) => [name, index] as const),
);
const WORKERS = [1, 2, 3];

const change: fc.Arbitrary<LoadChange> = fc
  .tuple(fc.constantFrom(...PLACES), fc.nat({ max: 1_000 }))
  .map(([[pool, index], load]) => [pool, index, load]);
const told = fc.array(fc.tuple(fc.constantFrom(...WORKERS), change), { maxLength: 60 });

/** A board that has been told all this, and what it should know. */
const boardOf = (history: readonly (readonly [number, LoadChange])[]) => {
  const board = new LoadBoard(POOLS);
  for (const worker of WORKERS) board.addWorker(worker);
  const known = new Map<string, number>();
  for (const [worker, [pool, index, load]] of history) {
    board.set(worker, [pool, index, load]);
    known.set(`${worker} ${pool} ${index}`, load);
  }
  const own = (worker: number, pool: string, index: number): number => known.get(`${worker} ${pool} ${index}`) ?? 0;
  const othersOf = (worker: number, pool: string, index: number, workers = WORKERS): number =>
    workers.filter((other) => other !== worker).reduce((sum, other) => sum + own(other, pool, index), 0);
  return { board, own, othersOf };
};

test("what the others have is the latest of each of them, added up", () => {
  fc.assert(
    fc.property(told, (history) => {
      const { board, othersOf } = boardOf(history);
      for (const worker of WORKERS) {
        for (const [pool, index] of PLACES)
          assert.equal(board.others(worker, pool, index), othersOf(worker, pool, index));
        const expected = PLACES.map(([pool, index]) => [pool, index, othersOf(worker, pool, index)] as const);
        assert.deepEqual(
          board.allOthers(worker),
          expected.filter(([, , load]) => load > 0),
        );
      }
    }),
  );
});

test("a worker that goes gives back all that it had, and nothing else", () => {
  fc.assert(
    fc.property(told, fc.constantFrom(...WORKERS), (history, gone) => {
      const { board, own, othersOf } = boardOf(history);
      const changed = board.removeWorker(gone).map(([pool, index]) => `${pool} ${index}`);
      const had = PLACES.filter(([pool, index]) => own(gone, pool, index) > 0);
      assert.deepEqual(
        changed,
        had.map(([pool, index]) => `${pool} ${index}`),
      );
      const rest = WORKERS.filter((worker) => worker !== gone);
      for (const worker of rest) {
        for (const [pool, index] of PLACES)
          assert.equal(board.others(worker, pool, index), othersOf(worker, pool, index, rest));
      }
    }),
  );
});

test("what a worker tells when it has gone already counts for nothing, and going twice gives back once", () => {
  const board = new LoadBoard(POOLS);
  board.addWorker(1);
  board.addWorker(2);
  board.set(1, ["a", 0, 5]);
  assert.deepEqual(
    board.removeWorker(1).map(([pool, index]) => [pool, index]),
    [["a", 0]],
  );
  board.set(1, ["a", 0, 7]);
  assert.deepEqual(board.removeWorker(1), []);
  assert.equal(board.others(2, "a", 0), 0);
});
