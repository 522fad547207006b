import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { seededRandom } from "../../src/base/index.ts";
import { planRebalance, RebalanceCourse } from "../../src/moves/index.ts";
import type { BackendLoad, NamedLoad, RebalanceTerms } from "../../src/moves/index.ts";

const of = (...loads: number[]): BackendLoad[] => loads.map((load) => ({ load, weight: 1, eligible: true }));
const TOLERANCE = { tolerance: 0.1 };

describe("a plan", () => {
  test("takes from the one that has most what a new backend lacks", () => {
    assert.deepEqual(planRebalance(of(300, 300, 0), TOLERANCE, false), [
      { index: 0, surplus: 100 },
      { index: 1, surplus: 100 },
    ]);
  });

  test("gives every backend its part by weight", () => {
    const [small, large] = [
      { load: 60, weight: 1, eligible: true },
      { load: 60, weight: 3, eligible: true },
    ];
    assert.deepEqual(planRebalance([small, large], TOLERANCE, false), [{ index: 0, surplus: 30 }]);
  });

  test("leaves backends alone that take no new work, and does not count what they have", () => {
    const drained = { load: 500, weight: 1, eligible: false };
    assert.deepEqual(planRebalance([drained, ...of(100, 100)], TOLERANCE, false), []);
    assert.deepEqual(planRebalance([drained], TOLERANCE, false), []);
    assert.deepEqual(planRebalance([], TOLERANCE, false), []);
  });

  test("begins above the tolerance, and goes on until within half of it", () => {
    const [within, above] = [of(107, 93), of(112, 88)];
    assert.deepEqual(planRebalance(within, TOLERANCE, false), []);
    assert.deepEqual(planRebalance(above, TOLERANCE, false), [{ index: 0, surplus: 12 }]);
    assert.deepEqual(planRebalance(within, TOLERANCE, true), [{ index: 0, surplus: 7 }]);
    assert.deepEqual(planRebalance(of(104, 96), TOLERANCE, true), []);
  });

  test("leaves a single tunnel where it is, however small the shares", () => {
    assert.deepEqual(planRebalance(of(1, 0, 0, 0), { tolerance: 0 }, false), []);
    assert.deepEqual(planRebalance(of(2, 1), { tolerance: 0 }, true), []);
    assert.deepEqual(planRebalance(of(4, 0), { tolerance: 0 }, false), [{ index: 0, surplus: 2 }]);
  });

  test("moves no more than the others have room for", () => {
    const full = { load: 10, weight: 1, eligible: true, room: 5 };
    assert.deepEqual(planRebalance([...of(100), full], TOLERANCE, false), [{ index: 0, surplus: 5 }]);
    assert.deepEqual(planRebalance([...of(100), { ...full, room: 0 }], TOLERANCE, false), []);
  });

  const anyBackend = fc.record({
    load: fc.nat(2_000),
    weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
    eligible: fc.boolean(),
    room: fc.option(fc.nat(500), { nil: undefined }),
  });
  const anyTerms = fc.record({ tolerance: fc.double({ min: 0, max: 1, noNaN: true }) });

  test("never takes a backend below its share, nor more in all than the others lack", () => {
    fc.assert(
      fc.property(fc.array(anyBackend, { maxLength: 12 }), anyTerms, fc.boolean(), (backends, terms, running) => {
        const eligible = backends.filter((backend) => backend.eligible);
        const perWeight =
          eligible.reduce((sum, { load }) => sum + load, 0) / eligible.reduce((sum, { weight }) => sum + weight, 0);
        const plan = planRebalance(backends, terms, running);
        let sum = 0;
        for (const { index, surplus } of plan) {
          const { load, weight, eligible: takes } = backends[index]!;
          assert.ok(takes && Number.isInteger(surplus) && surplus >= 1);
          assert.ok(load - surplus >= perWeight * weight - 1e-6);
          sum += surplus;
        }
        const lacking = eligible.map(({ load, weight, room }) => Math.min(room ?? Infinity, perWeight * weight - load));
        assert.ok(sum <= lacking.reduce((total, lack) => total + Math.max(0, lack), 0) + 1e-6);
      }),
    );
  });

  test("that is carried out leaves nothing to begin, nor to go on with", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000), { minLength: 1, maxLength: 12 }), anyTerms, (loads, terms) => {
        const backends = of(...loads);
        const plan = planRebalance(backends, terms, false);
        const after = [...loads];
        for (const { index, surplus } of plan) {
          for (let move = 0; move < surplus; move += 1) {
            after[index]! -= 1;
            after[after.indexOf(Math.min(...after))]! += 1;
          }
        }
        if (plan.length > 0) assert.deepEqual(planRebalance(of(...after), terms, true), []);
      }),
    );
  });
});

const terms: RebalanceTerms = { perMinute: 60, minAge: 60_000, tolerance: 0.1, interval: 10_000, evens: "tunnels" };

/** A pool on a simulated clock whose clients come back to the least loaded backend, some time later. */
function simulate(course: RebalanceCourse, loads: number[], time: number, away: number): { moves: number[] } {
  const moves: number[] = [];
  const back: number[] = [];
  for (let now = 0; now < time; now += 100) {
    while ((back[0] ?? Infinity) <= now) {
      back.shift();
      loads[loads.indexOf(Math.min(...loads))]! += 1;
    }
    const step = course.step(
      now,
      loads.map((load, index): NamedLoad => ({ name: `${index}`, load, weight: 1, eligible: true })),
    );
    for (const { backend, move } of step.moves) {
      loads[Number(backend)]! -= move;
      for (let count = 0; count < move; count += 1) {
        moves.push(now);
        back.push(now + away);
      }
    }
  }
  return { moves };
}

describe("a rebalance", () => {
  test("brings the loads to the fair share, moves few more than it must, and then rests", () => {
    const loads = [300, 300, 0];
    const course = new RebalanceCourse(terms, 0, seededRandom(1));
    const { moves } = simulate(course, loads, 400_000, 2_000);
    // Until within half of the tolerance: nobody has more than 5 % above its share.
    assert.ok(Math.max(...loads) <= 210, loads.join());
    assert.ok(moves.length >= 180 && moves.length <= 205, `${moves.length}`);
    assert.ok((moves.at(-1) ?? 0) < 230_000);
    assert.equal(course.step(400_000, []).running, false);
  });

  test("moves no more than asked for in any minute", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer(), (perMinute, seed) => {
        const course = new RebalanceCourse({ ...terms, perMinute }, 0, seededRandom(seed));
        const { moves } = simulate(course, [2_000, 0], 200_000, 500);
        for (const [index, at] of moves.entries()) assert.ok((moves[index + perMinute] ?? Infinity) - at >= 60_000);
        assert.ok(moves.length >= Math.floor(perMinute * 3 * 0.9) - 1, `${moves.length} at ${perMinute}`);
      }),
      { numRuns: 20 },
    );
  });

  test("stays away from a backend that takes no new work any more, before the next look", () => {
    const course = new RebalanceCourse({ ...terms, perMinute: 6_000 }, 0, seededRandom(1));
    const backend = (name: string, load: number, eligible = true): NamedLoad => ({ name, load, weight: 1, eligible });
    const first = course.step(0, [backend("a", 200), backend("b", 0)]);
    assert.deepEqual([first.running, first.left, first.minAge], [true, 100, 60_000]);
    const moved = course.step(500, [backend("a", 200), backend("b", 0)]).moves;
    assert.ok(moved.length === 1 && moved[0]?.backend === "a" && moved[0].move > 20);
    assert.deepEqual(course.step(1_000, [backend("a", 200, false), backend("b", 0)]).moves, []);
    assert.equal(course.step(1_100, [backend("b", 0)]).left, 0);
  });

  test("that somebody asks for begins within the tolerance", () => {
    const loads = ["a", "b"].map((name, index) => ({ name, load: 107 - 14 * index, weight: 1, eligible: true }));
    assert.equal(new RebalanceCourse(terms, 0, seededRandom(1)).step(0, loads).left, 0);
    assert.equal(new RebalanceCourse(terms, 0, seededRandom(1), true).step(0, loads).left, 7);
  });
});
