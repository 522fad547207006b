import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { detachedEntry, Wheel } from "../../src/base/index.ts";
import type { Clock, WheelEntry } from "../../src/base/index.ts";

const TICK = 100;
const ROUND = 1024 * TICK;

/** A clock that stands still until it is told to move. */
class FakeClock implements Clock {
  time = 5_000_000.5;
  now(): number {
    return this.time;
  }
  wall(): number {
    return this.time;
  }
}

function setUp(onError?: (error: unknown) => void) {
  const clock = new FakeClock();
  const wheel = new Wheel(clock, TICK, onError);
  const log: string[] = [];
  const entry = (name: string, next = 0): WheelEntry =>
    detachedEntry(() => {
      log.push(name);
      return next;
    });
  /** Moves the clock tick by tick. */
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= TICK) {
      clock.time += Math.min(left, TICK);
      wheel.tick();
    }
  };
  return { clock, wheel, log, entry, pass };
}

test("an entry is called once, not before its delay is over and less than two ticks after", () => {
  const { wheel, log, entry, pass } = setUp();
  wheel.add(entry("a"), 1000);
  pass(999);
  assert.deepEqual(log, []);
  assert.equal(wheel.size, 1);
  pass(101);
  assert.deepEqual(log, ["a"]);
  assert.equal(wheel.size, 0);
  pass(3 * ROUND);
  assert.deepEqual(log, ["a"]);
});

test("the returned delay keeps an entry going", () => {
  const { wheel, log, entry, pass } = setUp();
  wheel.add(entry("a", 1000), 1000);
  pass(5000);
  assert.equal(log.length, 5);
  assert.equal(wheel.size, 1);
});

test("delays longer than a round of the wheel wait for their round", () => {
  const { wheel, log, entry, pass } = setUp();
  wheel.add(entry("long"), 2 * ROUND + 300);
  wheel.add(entry("short"), 300);
  pass(2 * ROUND);
  assert.deepEqual(log, ["short"]);
  pass(400);
  assert.deepEqual(log, ["short", "long"]);
});

test("adding an entry that waits moves it, removing it twice is harmless", () => {
  const { wheel, log, entry, pass } = setUp();
  const moved = entry("moved");
  const removed = entry("removed");
  wheel.add(moved, 500);
  wheel.add(moved, 5000);
  wheel.add(removed, 500);
  assert.equal(wheel.size, 2);
  wheel.remove(removed);
  wheel.remove(removed);
  assert.equal(wheel.size, 1);
  pass(1000);
  assert.deepEqual(log, []);
  pass(5000);
  assert.deepEqual(log, ["moved"]);
});

test("while entries run they may remove and add each other and themselves", () => {
  const { wheel, log, entry, pass } = setUp();
  const victim = entry("victim");
  const late = entry("late");
  const self = detachedEntry(() => {
    log.push("self");
    if (log.length === 1) wheel.add(self, 1000);
    wheel.remove(victim);
    wheel.add(late, 0);
    return 0;
  });
  wheel.add(self, 100);
  wheel.add(victim, 100);
  pass(100);
  assert.deepEqual(log, ["self"]);
  pass(100);
  assert.deepEqual(log, ["self", "late"], "what is added while entries run is called with a later tick");
  pass(1200);
  assert.deepEqual(log, ["self", "late", "self", "late"]);
  assert.equal(wheel.size, 0);
});

test("an entry that throws is reported and leaves, the others go on", () => {
  const errors: unknown[] = [];
  const { wheel, log, entry, pass } = setUp((error) => errors.push(error));
  const mistake = new Error("mistake");
  wheel.add(entry("before"), 100);
  wheel.add(
    detachedEntry(() => {
      throw mistake;
    }),
    100,
  );
  wheel.add(entry("after"), 100);
  pass(300);
  assert.deepEqual(log, ["before", "after"]);
  assert.deepEqual(errors, [mistake]);
  assert.equal(wheel.size, 0);
});

test("one tick makes up for any number of missed ones, in order within a round", () => {
  const { clock, wheel, log, entry } = setUp();
  wheel.add(entry("second"), 2000);
  wheel.add(entry("first"), 1000);
  wheel.add(entry("far"), 4 * ROUND);
  clock.time += 3000;
  wheel.tick();
  assert.deepEqual(log, ["first", "second"]);
  clock.time += 10 * ROUND;
  wheel.tick();
  assert.deepEqual(log, ["first", "second", "far"]);
});

test("delays that are negative, infinite or no number do no harm", () => {
  const { wheel, log, entry, pass } = setUp();
  wheel.add(entry("negative"), -5);
  wheel.add(entry("nan"), Number.NaN);
  wheel.add(entry("infinite"), Number.POSITIVE_INFINITY);
  pass(ROUND + 200);
  assert.deepEqual(log, ["negative", "nan"]);
  assert.equal(wheel.size, 1);
});

type Step =
  | { readonly kind: "add"; readonly entry: number; readonly delay: number }
  | { readonly kind: "remove"; readonly entry: number }
  | { readonly kind: "pass"; readonly ms: number };

const ENTRIES = 6;
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("add" as const),
      entry: fc.nat({ max: ENTRIES - 1 }),
      delay: fc.integer({ min: 0, max: 3 * ROUND }),
    }),
    fc.record({
      kind: fc.constant("add" as const),
      entry: fc.nat({ max: ENTRIES - 1 }),
      delay: fc.integer({ min: 0, max: 1000 }),
    }),
    fc.record({ kind: fc.constant("remove" as const), entry: fc.nat({ max: ENTRIES - 1 }) }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.oneof(fc.nat({ max: 500 }), fc.nat({ max: 4 * ROUND })) }),
  ),
  { maxLength: 60 },
);

test("for any sequence of steps the wheel does what a plain list of deadlines does", () => {
  fc.assert(
    fc.property(steps, (sequence: readonly Step[]) => {
      const { clock, wheel, log, entry } = setUp();
      const origin = clock.time;
      const entries = Array.from({ length: ENTRIES }, (_, index) => entry(String(index)));
      const deadlines = new Map<number, number>();
      for (const step of sequence) {
        if (step.kind === "add") {
          wheel.add(entries[step.entry]!, step.delay);
          // The next tick of the clock's grid that is not before the deadline, and in the future.
          const due = Math.ceil((clock.time - origin + step.delay) / TICK) * TICK;
          const next = (Math.floor((clock.time - origin) / TICK) + 1) * TICK;
          deadlines.set(step.entry, Math.max(due, next));
        } else if (step.kind === "remove") {
          wheel.remove(entries[step.entry]!);
          deadlines.delete(step.entry);
        } else {
          clock.time += step.ms;
          wheel.tick();
          const due = [...deadlines].filter(([, at]) => at <= clock.time - origin);
          for (const [index] of due) deadlines.delete(index);
          assert.deepEqual(log.splice(0).toSorted(), due.map(([index]) => String(index)).toSorted());
        }
        assert.equal(wheel.size, deadlines.size);
      }
    }),
    { numRuns: 300 },
  );
});
