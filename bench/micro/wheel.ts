import { detachedEntry, Wheel, type WheelEntry } from "../../src/base/index.ts";
import { report, type Subject } from "./measure.ts";

/** The timing wheel with one entry for each of 9,000 tunnels. */

const ENTRIES = 9000;
const INTERVAL = 30_000;
const TICK = 100;

interface Bench {
  readonly wheel: Wheel;
  readonly entries: readonly WheelEntry[];
  pass(milliseconds: number): void;
  called(): number;
}

/** A wheel under a clock of ours; every entry comes again after 30 s, as heartbeats do. */
function fullWheel(): Bench {
  let now = 0;
  let calls = 0;
  const wheel = new Wheel({ now: () => now, wall: () => now }, TICK);
  const entries = Array.from({ length: ENTRIES }, () =>
    detachedEntry(() => {
      calls += 1;
      return INTERVAL;
    }),
  );
  for (const [index, entry] of entries.entries()) wheel.add(entry, 1 + (index * INTERVAL) / ENTRIES);
  return {
    wheel,
    entries,
    pass(milliseconds) {
      now += milliseconds;
      wheel.tick();
    },
    called: () => calls,
  };
}

function checkedWheel(): void {
  const { wheel, pass, called } = fullWheel();
  for (let time = 0; time < INTERVAL + 2 * TICK; time += TICK) pass(TICK);
  if (called() < ENTRIES || called() > ENTRIES * 1.02 || wheel.size !== ENTRIES)
    throw new Error(`${called()} calls in one interval, ${wheel.size} entries left`);
}

function moving(): Subject {
  const { wheel, entries } = fullWheel();
  let turn = 0;
  return {
    name: "move one of 9,000 entries",
    check: checkedWheel,
    run() {
      turn = (turn + 1) % ENTRIES;
      const entry = entries[turn];
      if (entry !== undefined) wheel.add(entry, INTERVAL - (turn & 1023));
      return wheel.size;
    },
  };
}

function addingAndRemoving(): Subject {
  const { wheel } = fullWheel();
  const entry = detachedEntry(() => 0);
  return {
    name: "add one to 9,000 and take it out again",
    check: checkedWheel,
    run() {
      wheel.add(entry, INTERVAL);
      const { size } = wheel;
      wheel.remove(entry);
      return size;
    },
  };
}

function ticking(): Subject {
  const { pass, called } = fullWheel();
  return {
    name: `tick: 30 of 9,000 entries are due and come again`,
    check: checkedWheel,
    run() {
      pass(TICK);
      return called();
    },
  };
}

report("timing wheel", [moving(), addingAndRemoving(), ticking()]);
