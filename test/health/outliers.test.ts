/** Who does worse than the others of its pool. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { seededRandom } from "../../src/base/index.ts";
import {
  eject,
  ejectionsLeft,
  endEjection,
  findOutliers,
  healthSchema,
  initialHealth,
  observeActive,
  observeHealth,
  panics,
  Sketch,
  takesNewWork,
  VitalsWindow,
} from "../../src/health/index.ts";
import type { ActiveOptions, HealthState, OutlierOptions, VitalsSum } from "../../src/health/index.ts";
import { NOTHING } from "./signs.ts";

const optionsOf = (outliers: object = {}): OutlierOptions => {
  const { outliers: parsed } = healthSchema.parse({ outliers });
  assert.ok(parsed !== "off");
  return parsed;
};

const activeOf = (): ActiveOptions => {
  const { active } = healthSchema.parse({ active: { kind: "tcp" } });
  assert.ok(active !== "off");
  return active;
};
const ACTIVE = activeOf();

const MINUTE = 60_000;

const times = (...all: readonly number[]): Sketch => {
  const sketch = new Sketch();
  for (const time of all) sketch.add(time);
  return sketch;
};

const repeated = (time: number, count = 100): Sketch => times(...Array.from({ length: count }, () => time));

const sumOf = (parts: Partial<VitalsSum>): VitalsSum => ({
  samples: 1000,
  failureShare: 0,
  handshakes: new Sketch(),
  rtts: new Sketch(),
  ...parts,
});

const found = (sums: Readonly<Record<string, Partial<VitalsSum>>>, outliers: object = {}): string[] =>
  findOutliers(new Map(Object.entries(sums).map(([name, parts]) => [name, sumOf(parts)])), optionsOf(outliers)).map(
    ({ backend, reason }) => `${backend}: ${reason}`,
  );

test("a sketch tells the median to a few per cent, over workers too", () => {
  const random = seededRandom(5);
  const all = Array.from({ length: 2001 }, () => 10 ** (random() * 4 - 1));
  const [one, other] = [times(...all.slice(0, 700)), times(...all.slice(700))];
  const sum = new Sketch();
  sum.merge(one.buckets());
  sum.merge(other.buckets());
  const exact = all.toSorted((a, b) => a - b)[1000] ?? 0;
  assert.ok(Math.abs((sum.median() ?? 0) / exact - 1) < 0.06, `${sum.median()} instead of ${exact}`);
  assert.equal(sum.size, 2001);
  assert.equal(new Sketch().median(), undefined);
  assert.ok((times(0).median() ?? 1) < 0.011);
});

test("who fails more often than the others stands out, and the worst comes first", () => {
  assert.deepEqual(
    found({ a: { failureShare: 0.2 }, b: { failureShare: 0.01 }, c: { failureShare: 0.4 }, d: { failureShare: 0.02 } }),
    ["c: 40 % failures, the others 2 %", "a: 20 % failures, the others 2 %"],
  );
});

test("where all fail alike, or hardly, nobody stands out", () => {
  assert.deepEqual(found({ a: { failureShare: 0.5 }, b: { failureShare: 0.4 }, c: { failureShare: 0.6 } }), []);
  assert.deepEqual(found({ a: { failureShare: 0.09 }, b: { failureShare: 0 }, c: { failureShare: 0 } }), []);
});

test("who answers later than the others stands out, with two backends as well", () => {
  assert.deepEqual(found({ a: { handshakes: repeated(900) }, b: { handshakes: repeated(20) } }), [
    "a: handshakes are answered after 869ms, by the others after 19ms (medians)",
  ]);
  assert.deepEqual(found({ a: { rtts: repeated(20) }, b: { rtts: repeated(20) }, c: { rtts: repeated(300) } }), [
    "c: heartbeats are answered after 304ms, by the others after 19ms (medians)",
  ]);
  assert.deepEqual(found({ a: { rtts: repeated(99) }, b: { rtts: repeated(1) } }), [], "both are quick enough");
  assert.deepEqual(
    found({ a: { rtts: repeated(900) }, b: { rtts: repeated(950) }, c: { rtts: repeated(20) } }),
    [],
    "one quick backend does not condemn the others",
  );
});

test("a few slow answers among many do not matter, and too few samples say nothing", () => {
  const mostlyQuick = times(...Array.from({ length: 100 }, (_, at) => (at < 40 ? 5_000 : 20)));
  assert.deepEqual(found({ a: { handshakes: mostlyQuick }, b: { handshakes: repeated(20) } }), []);
  assert.deepEqual(found({ a: { handshakes: repeated(900, 19) }, b: { handshakes: repeated(20) } }), []);
  assert.deepEqual(found({ a: { handshakes: repeated(900) }, b: { handshakes: repeated(20, 19) } }), []);
  assert.deepEqual(found({ a: { failureShare: 1, samples: 19 }, b: {} }), []);
});

test("one backend alone cannot stand out", () => {
  assert.deepEqual(found({ a: { failureShare: 1, handshakes: repeated(9_000) } }), []);
  assert.deepEqual(found({}), []);
});

test("failures are a share of attempts and of the minutes that tunnels were open", () => {
  const window = new VitalsWindow();
  window.take({ ...NOTHING, attempts: 10, failures: 2 }, 0, MINUTE, 1000);
  window.take({ ...NOTHING, lost: 3, open: 1000, tunnelMs: 20 * MINUTE }, 1000, MINUTE, 1000);
  const { samples, failureShare } = window.sum(2000, MINUTE);
  assert.deepEqual([samples, failureShare], [30, 5 / 30]);
});

test("a mass loss is one failure, over all workers and reports; tunnels that are lost one by one count each", () => {
  const window = new VitalsWindow();
  window.take({ ...NOTHING, lost: 6_000, open: 9_000, attempts: 100 }, 0, MINUTE, 1000);
  window.take({ ...NOTHING, lost: 5_000, open: 5_000 }, 300, MINUTE, 1000);
  window.take({ ...NOTHING, lost: 3_000, open: 3_000 }, 1000, MINUTE, 1000);
  assert.equal(window.sum(2000, MINUTE).failureShare, 1 / 100);
  window.take({ ...NOTHING, lost: 4, open: 100 }, 9_000, MINUTE, 1000);
  assert.equal(window.sum(9_000, MINUTE).failureShare, 5 / 100);
  window.take({ ...NOTHING, lost: 96, open: 96 }, 10_000, MINUTE, 1000);
  assert.equal(window.sum(10_000, MINUTE).failureShare, 6 / 100, "another one is another failure");
});

test("tunnels that are lost as soon as they are opened count each", () => {
  const window = new VitalsWindow();
  window.take({ ...NOTHING, attempts: 50, lost: 50, open: 1, opened: 50 }, 0, MINUTE, 1000);
  assert.equal(window.sum(0, MINUTE).failureShare, 1);
  window.clear();
  window.take({ ...NOTHING, attempts: 10, lost: 1_005, open: 1_000, opened: 10 }, MINUTE, MINUTE, 1000);
  assert.equal(window.sum(MINUTE, MINUTE).failureShare, 1, "ten that were new, and all the others at once");
});

test("what is older than the window is forgotten, a sixth at a time", () => {
  const window = new VitalsWindow();
  for (let at = 0; at < 2 * MINUTE; at += 1000) window.take({ ...NOTHING, attempts: 1 }, at, MINUTE, 1000);
  const { samples } = window.sum(2 * MINUTE, MINUTE);
  assert.ok(samples >= 50 && samples <= 60, `${samples}`);
  assert.equal(window.sum(4 * MINUTE, MINUTE).samples, 0);
  window.take({ ...NOTHING, attempts: 1 }, 4 * MINUTE, MINUTE, 1000);
  window.clear();
  assert.equal(window.sum(4 * MINUTE, MINUTE).samples, 0);
});

test("nothing older is kept of who is not asked for either, for however long its tunnels stay open", () => {
  const window = new VitalsWindow();
  for (let at = 0; at < 100 * MINUTE; at += 10_000) window.take({ ...NOTHING, tunnelMs: MINUTE }, at, MINUTE, 1000);
  assert.ok(window.sum(100 * MINUTE, 1000 * MINUTE).samples <= 7);
});

test("how many may be ejected: the share, at least one of several, never all, less those that are out", () => {
  const left = (backends: number, out: number, maxEjected = 0.3): number =>
    ejectionsLeft(backends, out, optionsOf({ maxEjected }));
  assert.deepEqual(
    [0, 1, 2, 3, 6, 7, 10, 100].map((backends) => left(backends, 0)),
    [0, 0, 1, 1, 1, 2, 3, 30],
  );
  assert.deepEqual([left(10, 2), left(10, 3), left(10, 9), left(2, 1)], [1, 0, 0, 0]);
  assert.deepEqual([left(4, 0, 1), left(2, 0, 1), left(1, 0, 1)], [3, 1, 0]);
  assert.deepEqual([left(100, 0, 0.29), left(50, 0, 0.58)], [29, 29], "whatever doubles make of decimal fractions");
});

test("ejections double up to their maximum, and begin anew with who stayed well for long", () => {
  const health = healthSchema.parse({ outliers: { ejection: "10s", maxEjection: "35s" }, flapping: "off" });
  const { outliers } = health;
  assert.ok(outliers !== "off");
  let state = initialHealth(0);
  let now = 100_000;
  const lengths: number[] = [];
  for (let at = 0; at < 4; at += 1) {
    state = eject(state, "40 % failures, the others 2 %", now, health, outliers).state;
    assert.deepEqual(
      [state.status, state.reason, takesNewWork(state)],
      ["ejected", "40 % failures, the others 2 %", false],
    );
    assert.equal(eject(state, "again", now, health, outliers).state, state);
    lengths.push(state.probeAt - now);
    now = state.probeAt;
    state = endEjection(state, now).state;
    assert.deepEqual([state.status, state.reason, state.since], ["healthy", "its ejection is over", now]);
  }
  assert.deepEqual(lengths, [10_000, 20_000, 35_000, 35_000]);
  state = eject(state, "once more", now + 35_000, health, outliers).state;
  assert.deepEqual([state.probeAt - now - 35_000, state.flaps], [10_000, 5]);
});

test("who stayed well for long begins anew with both, cool-down and ejection, whichever comes", () => {
  const health = healthSchema.parse({
    ...{ cooldown: "5s", maxCooldown: "40s", cooldownJitter: 0, failureThreshold: 1, flapping: "off" },
    outliers: { ejection: "10s", maxEjection: "60s" },
  });
  const { outliers } = health;
  assert.ok(outliers !== "off");
  const before = { ...initialHealth(0), cooldown: 20_000, ejection: 20_000 };
  const fallen = (state: HealthState, now: number) => observeHealth(state, "dial-failed", now, health, () => 0).state;
  const ejected = (state: HealthState, now: number) => eject(state, "slow", now, health, outliers).state;
  const broken = (state: HealthState, now: number) =>
    observeActive(state, "refused", now, health, { ...ACTIVE, fall: 1 }, () => 0).state;
  const lengths = ({ cooldown, ejection }: HealthState): number[] => [cooldown, ejection];
  assert.deepEqual(lengths(fallen(before, 39_000)), [40_000, 20_000], "it was well for too short a time");
  assert.deepEqual(lengths(fallen(before, 60_000)), [5_000, 0]);
  assert.deepEqual(lengths(ejected(before, 39_000)), [20_000, 40_000]);
  assert.deepEqual(lengths(ejected(before, 60_000)), [0, 10_000]);
  assert.deepEqual(lengths(broken(ejected(before, 39_000), 40_000)), [40_000, 40_000]);
  assert.deepEqual(lengths(broken(ejected(before, 60_000), 61_000)), [5_000, 10_000]);
});

test("panic begins at the threshold, and never while all are well or where it is off", () => {
  const at = (panic: number | "off") => (backends: number, well: number) =>
    panics(backends, well, healthSchema.parse({ panic }));
  assert.deepEqual([at("off")(4, 0), at(0)(4, 0), at(0)(4, 1), at(0)(0, 0)], [false, true, false, false]);
  assert.deepEqual(
    [4, 3, 2, 1].map((well) => at(0.5)(4, well)),
    [false, false, true, true],
  );
  assert.equal(at(0.99)(4, 4), false);
  assert.deepEqual([at(0.29)(100, 29), at(0.29)(100, 30), at(0.58)(50, 29)], [true, false, true]);
});

test("whatever is seen: only who is judged stands out, never more than all but one, each once", () => {
  const measured = fc.record({
    samples: fc.integer({ min: 0, max: 100 }),
    failureShare: fc.double({ min: 0, max: 1, noNaN: true }),
    time: fc.double({ min: 0.1, max: 10_000, noNaN: true }),
    count: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(measured, { maxLength: 8 }), (all) => {
      const sums = new Map(
        all.map(({ samples, failureShare, time, count }, at) => [
          `b${at}`,
          { samples, failureShare, handshakes: repeated(time, count), rtts: new Sketch() },
        ]),
      );
      const outliers = findOutliers(sums, optionsOf());
      assert.equal(new Set(outliers.map(({ backend }) => backend)).size, outliers.length);
      for (const { backend, excess } of outliers) {
        const sum = sums.get(backend);
        assert.ok(sum !== undefined && (sum.samples >= 20 || sum.handshakes.size >= 20));
        assert.ok(excess >= 1 && Number.isFinite(excess));
      }
      const excesses = outliers.map(({ excess }) => excess);
      assert.deepEqual(
        excesses,
        excesses.toSorted((a, b) => b - a),
      );
    }),
  );
});
