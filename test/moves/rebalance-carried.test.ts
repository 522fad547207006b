/** Rebalancing by what tunnels carry, under a simulated clock. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { seededRandom } from "../../src/base/index.ts";
import { chooseByLoad, gapBelow, RebalanceCourse } from "../../src/moves/index.ts";
import type { NamedLoad, RebalanceTerms } from "../../src/moves/index.ts";

const SECOND = 1_000;
const TERMS: RebalanceTerms = { perMinute: 600, minAge: 0, tolerance: 0.1, interval: 10_000, evens: "carried" };

interface Tunnel {
  readonly carries: number;
  /** Where it was, the present place last. */
  readonly places: number[];
}

/** What a simulated pool was like. */
interface Outcome {
  /** What each backend's tunnels carry in the end. */
  readonly loads: readonly number[];
  readonly moves: readonly { readonly at: number; readonly from: number; readonly tunnel: Tunnel }[];
  /** The greatest load for its weight at any time, beside that of the beginning. */
  readonly greatest: { readonly before: number; readonly ever: number };
  readonly course: RebalanceCourse;
}

interface Setting {
  readonly tunnels: readonly (readonly number[])[];
  readonly weights?: readonly number[];
  /** Until clients whose tunnels were moved come back, to the backend that has least for its weight. */
  readonly away?: number;
  readonly time?: number;
  readonly terms?: Partial<RebalanceTerms>;
  readonly seed?: number;
}

function simulate({ tunnels, weights = [], away = 0, time = 300 * SECOND, terms = {}, seed = 1 }: Setting): Outcome {
  const all: Tunnel[] = tunnels.flatMap((own, place) => own.map((carries) => ({ carries, places: [place] })));
  const weightOf = (place: number): number => weights[place] ?? 1;
  const back: { readonly at: number; readonly tunnel: Tunnel }[] = [];
  const gone = new Set<Tunnel>();
  const of = (place: number): Tunnel[] => all.filter((one) => one.places.at(-1) === place && !gone.has(one));
  const loadOf = (place: number): number => of(place).reduce((sum, { carries }) => sum + carries, 0);
  const perWeight = (place: number): number => loadOf(place) / weightOf(place);
  const places = tunnels.map((_, place) => place);
  const course = new RebalanceCourse({ ...TERMS, ...terms }, 0, seededRandom(seed));
  const moves: { at: number; from: number; tunnel: Tunnel }[] = [];
  const before = Math.max(...places.map(perWeight));
  let ever = 0;
  for (let now = 0; now < time; now += 250) {
    while ((back[0]?.at ?? Infinity) <= now) {
      const tunnel = back.shift()?.tunnel;
      assert.ok(tunnel);
      tunnel.places.push(places.toSorted((a, b) => perWeight(a) - perWeight(b))[0] ?? 0);
      gone.delete(tunnel);
    }
    ever = Math.max(ever, ...places.map(perWeight));
    const backends = places.map((place): NamedLoad => ({
      name: `${place}`,
      load: loadOf(place),
      tunnels: of(place).length,
      weight: weightOf(place),
      eligible: true,
    }));
    for (const { backend, move, size } of course.step(now, backends).moves) {
      assert.ok(size);
      const units = of(Number(backend)).map((tunnel) => ({ tunnel, carries: tunnel.carries }));
      const chosen = chooseByLoad(units, { ...size, count: move });
      const sum = chosen.reduce((total, { carries }) => total + carries, 0);
      course.moved(backend, chosen.length, sum);
      for (const { tunnel } of chosen) {
        moves.push({ at: now, from: Number(backend), tunnel });
        gone.add(tunnel);
        back.push({ at: now + away, tunnel });
      }
    }
  }
  return { loads: places.map(loadOf), moves, greatest: { before, ever }, course };
}

/** Most carry little, a few much. */
const anySize = fc.integer({ min: 0, max: 1_000 }).map((draw) => (1 - draw / 1_001) ** -1.2);
const anyPool = fc.array(fc.array(anySize, { maxLength: 25 }), { minLength: 2, maxLength: 5 });
const hasSome = (tunnels: readonly (readonly number[])[]): boolean => tunnels.some(({ length }) => length > 0);

describe("a choice by what tunnels carry", () => {
  const anyChoice = fc.record({
    count: fc.nat(8),
    least: fc.double({ min: 0, max: 10, noNaN: true }),
    most: fc.double({ min: 0, max: 100, noNaN: true }),
    sum: fc.double({ min: 0, max: 100, noNaN: true }),
  });

  test("takes those that carry most and fit, and leaves none out that still would", () => {
    fc.assert(
      fc.property(fc.array(anySize, { maxLength: 30 }), anyChoice, (sizes, choice) => {
        const tunnels = sizes.map((carries) => ({ carries }));
        const chosen = chooseByLoad(tunnels, choice);
        const sum = chosen.reduce((total, { carries }) => total + carries, 0);
        assert.ok(chosen.length <= choice.count && sum <= choice.sum + 1e-9);
        for (const { carries } of chosen) assert.ok(carries >= choice.least && carries <= choice.most);
        if (chosen.length === choice.count) return;
        const rest = tunnels.filter((one) => !chosen.includes(one));
        const fitting = rest.filter(({ carries }) => carries >= choice.least && carries <= choice.most);
        for (const { carries } of fitting) assert.ok(sum + carries > choice.sum - 1e-9);
      }),
    );
  });
});

describe("a gap", () => {
  test("is what makes giver and taker equal for their weights; who is full or takes nothing new is no taker", () => {
    const giver = { load: 100, weight: 1, eligible: true };
    assert.equal(gapBelow(giver, [giver, { load: 40, weight: 1, eligible: true }]), 30);
    assert.equal(gapBelow(giver, [giver, { load: 40, weight: 3, eligible: true }]), 65);
    assert.equal(gapBelow(giver, [giver, { load: 0, weight: 1, eligible: false }]), 0);
    assert.equal(gapBelow(giver, [giver, { load: 0, weight: 1, eligible: true, room: 0 }]), 0);
    assert.equal(gapBelow(giver, []), 0);
  });
});

describe("a rebalance by what tunnels carry", () => {
  test("fills a new backend with the few tunnels that carry most", () => {
    const crowd = [40, 30, 20, 10, ...Array.from({ length: 100 }, () => 1)];
    const { loads, moves } = simulate({ tunnels: [crowd, crowd, []] });
    assert.ok(Math.max(...loads) <= 1.05 * (400 / 3), loads.join());
    // By number it would be 69.
    assert.ok(moves.length <= 30, `${moves.length} were moved`);
  });

  test("never takes a backend below its share, nor gives one more than the fullest had, whoever is still away", () => {
    const anyWeights = fc.array(fc.double({ min: 0.3, max: 3, noNaN: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(anyPool.filter(hasSome), anyWeights, fc.integer(), (tunnels, weights, seed) => {
        const own = weights.slice(0, tunnels.length);
        const { moves, greatest } = simulate({ tunnels, weights: own, seed });
        assert.ok(greatest.ever <= greatest.before + 1e-9, `${greatest.ever} after ${greatest.before}`);
        // Replayed: at each move what is left is not less than the share.
        const sums = tunnels.map((all) => all.reduce((sum, one) => sum + one, 0));
        const perWeight = sums.reduce((a, b) => a + b, 0) / own.reduce((a, b) => a + b, 0);
        const step = new Map<Tunnel, number>();
        for (const { from, tunnel } of moves) {
          const count = (step.get(tunnel) ?? 0) + 1;
          step.set(tunnel, count);
          sums[from]! -= tunnel.carries;
          assert.ok(sums[from]! >= perWeight * own[from]! - 1e-6);
          sums[tunnel.places[count] ?? from]! += tunnel.carries;
        }
      }),
      { numRuns: 40 },
    );
  });

  test("comes to rest, and nobody is sent back to where it came from", () => {
    fc.assert(
      fc.property(anyPool.filter(hasSome), fc.constantFrom(0, 2 * SECOND), fc.integer(), (tunnels, away, seed) => {
        const { moves } = simulate({ tunnels, away, seed, time: 400 * SECOND });
        assert.ok(
          moves.every(({ at }) => at < 200 * SECOND),
          "it goes on and on",
        );
        for (const { tunnel } of moves) assert.equal(new Set(tunnel.places).size, tunnel.places.length);
      }),
      { numRuns: 40 },
    );
  });

  test("orders no more tunnels than the takers have places for, however many the giver has", () => {
    const terms = { perMinute: 6_000, minAge: 0, tolerance: 0.1, interval: SECOND, evens: "carried" } as const;
    const course = new RebalanceCourse(terms, 0, () => 0.5, true);
    const backends = [
      { name: "giver", load: 100, weight: 1, eligible: true, tunnels: 100, room: 50 },
      { name: "taker", load: 0, weight: 1, eligible: true, tunnels: 0, room: 3 },
    ];
    course.step(0, backends);
    const orders = course.step(900, backends).moves;
    assert.ok(orders.length > 0 && orders.every(({ move }) => move <= 3), JSON.stringify(orders));
  });

  test("does not look again while a client may be on its way, however short its interval", () => {
    const quiet = Array.from({ length: 30 }, () => 0.1);
    const tunnels = [[300, 200, 100, ...quiet], []];
    const { moves } = simulate({ tunnels, away: 1_750, terms: { interval: 500 } });
    assert.deepEqual(
      moves.map(({ tunnel }) => tunnel.carries),
      [300],
    );
  });

  test("leaves a tunnel alone that is the whole surplus, and moves what is beside it", () => {
    const small = Array.from({ length: 40 }, () => 1);
    const { moves, loads } = simulate({ tunnels: [[30, ...small], small, small] });
    assert.ok(moves.every(({ from, tunnel }) => from === 0 && tunnel.carries === 1));
    assert.ok(Math.max(...loads) <= 53, loads.join());
    const alone = simulate({ tunnels: [[100], small, small] });
    assert.deepEqual(alone.moves, []);
  });

  test("does not move what carries less than half of the mean: it would take too many", () => {
    const idle = Array.from({ length: 50 }, () => 0.01);
    assert.deepEqual(
      simulate({
        tunnels: [
          [30, ...idle],
          [20, 1],
          [20, 1],
        ],
      }).moves,
      [],
    );
  });

  test("goes by numbers where all carry the same", () => {
    const alike = (count: number): number[] => Array.from({ length: count }, () => 3);
    const { moves, loads } = simulate({ tunnels: [alike(30), alike(30), []] });
    // Until within half of the tolerance, as by number.
    assert.ok(moves.length >= 18 && moves.length <= 20, `${moves.length} were moved`);
    assert.ok(Math.max(...loads) <= 63, loads.join());
  });

  test("stays within the tolerance where it is, and does not begin for one mean tunnel too much", () => {
    const alike = (count: number): number[] => Array.from({ length: count }, () => 1);
    assert.deepEqual(simulate({ tunnels: [alike(107), alike(93)] }).moves, []);
    assert.deepEqual(simulate({ tunnels: [alike(4), alike(2), alike(3)], terms: { tolerance: 0 } }).moves, []);
  });

  test("moves no more tunnels than the others have places for, and keeps to its rate", () => {
    const course = new RebalanceCourse({ ...TERMS, perMinute: 6_000 }, 0, seededRandom(1));
    const backends = [
      { name: "a", load: 100, weight: 1, eligible: true, tunnels: 100 },
      { name: "b", load: 0, weight: 1, eligible: true, room: 3, tunnels: 0 },
    ].map((backend) => ({ ...backend, room: backend.room ?? 0 }));
    let moved = 0;
    for (let now = 0; now < 9_000; now += 250) {
      for (const { backend, move } of course.step(now, backends).moves) {
        moved += move;
        course.moved(backend, move, move / 2);
      }
    }
    assert.equal(moved, 3);
    const { moves } = simulate({ tunnels: [Array.from({ length: 60 }, () => 1), []], terms: { perMinute: 6 } });
    for (const [index, { at }] of moves.entries()) assert.ok((moves[index + 6]?.at ?? Infinity) - at >= 60 * SECOND);
  });

  test("tells how many tunnels are left by what those carried that were moved", () => {
    const course = new RebalanceCourse({ ...TERMS, perMinute: 6_000 }, 0, seededRandom(1));
    const backends = ["a", "b"].map((name, index) => ({ name, load: 100 - 100 * index, weight: 1, eligible: true }));
    assert.equal(course.step(0, backends).left, 50);
    course.moved("a", 2, 20);
    assert.equal(course.step(250, backends).left, 3, "30 are left, and 10 go with each");
    course.moved("a", 0, 0);
    const { left, surplus } = course.step(500, backends);
    assert.deepEqual([left, surplus], [0, []], "what is left cannot be had before the next look");
  });
});
