import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { seededRandom } from "../../src/base/index.ts";
import { DrainCourse } from "../../src/moves/index.ts";
import type { DrainFacts, DrainStep, DrainTerms } from "../../src/moves/index.ts";

const STEP = 50;
const terms: DrainTerms = { rate: 50, jitter: 0.3, waitIdle: "off", deadline: "off" };
const calm = { leaving: 0, refusedByPool: 0, reconnectsFailed: 0, room: Number.POSITIVE_INFINITY, candidates: 3 };

/** A drain on a simulated clock; what is moved is gone at once. */
class Simulation {
  now = 0;
  left: number;
  readonly course: DrainCourse;
  last: DrainStep | undefined;

  constructor(left: number, changed: Partial<DrainTerms> = {}, seed = 7) {
    this.left = left;
    this.course = new DrainCourse({ ...terms, ...changed }, 0, seededRandom(seed));
  }

  step(facts: Partial<DrainFacts> = {}): DrainStep {
    this.now += STEP;
    const step = this.course.step({ now: this.now, left: this.left, ...calm, ...facts });
    this.left -= step.move;
    this.last = step;
    return step;
  }

  /** Steps for a time; how many were moved in it. */
  run(time: number, facts: Partial<DrainFacts> = {}): number {
    const before = this.left;
    for (const end = this.now + time; this.now < end;) this.step(facts);
    return before - this.left;
  }
}

describe("a drain", () => {
  test("keeps its rate and is done when nothing is left", () => {
    const drain = new Simulation(1_000);
    assert.ok(Math.abs(drain.run(10_000) - 500) <= 2);
    assert.deepEqual(
      { currentRate: drain.last?.currentRate, slowedBy: drain.last?.slowedBy, state: drain.last?.state },
      { currentRate: 50, slowedBy: null, state: "running" },
    );
    drain.run(11_000);
    assert.equal(drain.left, 0);
    assert.deepEqual(drain.step(), { move: 0, minIdle: 0, currentRate: 0, slowedBy: null, state: "done" });
  });

  test("of an empty backend is done at once", () => {
    assert.equal(new Simulation(0).step().state, "done");
  });

  test("slows down to a sixteenth while handshakes are refused, and comes back steadily", () => {
    const drain = new Simulation(100_000);
    drain.step({ refusedByPool: 4 });
    assert.equal(drain.last?.currentRate, 25);
    assert.equal(drain.last?.slowedBy, "the pool refuses handshakes");
    // Refusals of the same second say the same thing.
    drain.step({ refusedByPool: 4 });
    assert.equal(drain.last?.currentRate, 25);
    drain.run(10_000, { refusedByPool: 1 });
    assert.equal(drain.last?.currentRate, 50 / 16);
    drain.run(5_000);
    const partly = drain.last?.currentRate ?? 0;
    assert.ok(partly > 15 && partly < 25, `${partly}`);
    assert.equal(drain.last?.slowedBy, "the pool refuses handshakes");
    drain.run(11_000);
    assert.deepEqual([drain.last?.currentRate, drain.last?.slowedBy], [50, null]);
  });

  test("slows down when clients that come back cannot be connected", () => {
    const drain = new Simulation(1_000);
    assert.equal(drain.step({ reconnectsFailed: 1 }).slowedBy, "clients that come back cannot be connected");
    assert.equal(drain.last?.currentRate, 25);
  });

  test("stands still while no other backend takes new work, says so, and goes on gently when one does", () => {
    const drain = new Simulation(1_000);
    assert.equal(drain.run(60_000, { candidates: 0, room: 0 }), 0);
    assert.equal(drain.last?.slowedBy, "no other backend of the pool takes new work");
    assert.equal(drain.last?.currentRate, 0);
    assert.ok(drain.run(1_000) < 10);
    assert.ok(Math.abs((drain.last?.currentRate ?? 0) - 50 / 8) < 1e-9);
  });

  test("does not send more clients than there are places, however long they take to come back", () => {
    const drain = new Simulation(1_000);
    const places = 30;
    // Room is told as it is: nobody has come back yet.
    assert.equal(drain.run(8_000, { room: places }), places);
    assert.equal(drain.last?.slowedBy, "the pool's other backends are full");
    assert.equal(drain.last?.currentRate, 0);
    // They all have come, and nothing is free any more.
    assert.equal(drain.run(20_000, { room: 0 }), 0);
    // Some places become free.
    assert.equal(drain.run(4_000, { room: 5 }), 5);
  });

  test("takes clients that stay away for gone, and uses the places that they would have taken", () => {
    const drain = new Simulation(1_000);
    assert.equal(drain.run(5_000, { room: 30 }), 30);
    assert.ok(drain.run(15_000, { room: 30 }) > 0);
  });

  test("ends only idle tunnels until the deadline, and then all that are left", () => {
    const drain = new Simulation(1_000, { waitIdle: 30_000, deadline: 10_000 });
    drain.run(9_950);
    assert.equal(drain.last?.minIdle, 30_000);
    const { left } = drain;
    assert.ok(left > 400);
    assert.deepEqual(drain.step({ candidates: 0, room: 0, refusedByPool: 9 }), {
      move: left,
      minIdle: 0,
      currentRate: 50,
      slowedBy: null,
      state: "deadline",
    });
    // A handshake that was under way has become a tunnel.
    drain.left = 1;
    assert.equal(drain.step().move, 1);
    assert.equal(drain.step().state, "deadline");
  });

  test("that was done before its deadline stays done", () => {
    const drain = new Simulation(0, { deadline: 100 });
    drain.step();
    assert.equal(drain.run(1_000), 0);
    assert.equal(drain.last?.state, "done");
  });
});

const anyFacts = fc.record({
  refusedByPool: fc.oneof(fc.constant(0), fc.nat(5)),
  reconnectsFailed: fc.oneof(fc.constant(0), fc.nat(5)),
  room: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(200)),
  candidates: fc.nat(3),
});

test("whatever it is told, a drain moves no more than is left or there is room for, and names what slows it", () => {
  fc.assert(
    fc.property(fc.array(anyFacts, { maxLength: 100 }), fc.nat(300), fc.integer(), (told, left, seed) => {
      const drain = new Simulation(left, {}, seed);
      for (const facts of told) {
        const before = drain.left;
        const { move, currentRate, slowedBy, state } = drain.step(facts);
        assert.ok(move <= Math.min(before, facts.room));
        if (facts.candidates === 0) assert.equal(move, 0);
        assert.equal(state, before === 0 ? "done" : "running");
        if (state === "running") assert.equal(slowedBy === null, currentRate === terms.rate);
        assert.ok(currentRate === 0 || currentRate >= terms.rate / 16);
      }
    }),
  );
});

test("whatever happens, a drain with a deadline is over by then", () => {
  fc.assert(
    fc.property(fc.array(anyFacts, { minLength: 20, maxLength: 40 }), fc.nat(3_000), (told, left) => {
      const drain = new Simulation(left, { deadline: 20 * STEP });
      for (const facts of told) drain.step(facts);
      assert.equal(drain.left, 0);
    }),
  );
});
