/** A state of health that comes from another process. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  beginProbe,
  eject,
  endEjection,
  healthSchema,
  healthStateSchema,
  inheritHealth,
  initialHealth,
  observeHealth,
  observeProbe,
  shiftHealth,
} from "../../src/health/index.ts";
import type { HealthInput, HealthOptions, HealthState } from "../../src/health/index.ts";

const MINUTE = 60_000;
const OUTLIERS = { ejection: "1m", maxEjection: "1h" };
const optionsOf = (input: HealthInput = {}): HealthOptions => healthSchema.parse({ cooldownJitter: 0, ...input });
const OPTIONS = optionsOf({ outliers: OUTLIERS, failureThreshold: 1, failureRate: { share: 0.9 } });

const ejected = (state: HealthState, now: number): HealthState => {
  assert.ok(OPTIONS.outliers !== "off");
  return eject(state, "it stands out", now, OPTIONS, OPTIONS.outliers).state;
};
const fallen = (now: number): HealthState =>
  observeHealth(initialHealth(0), "dial-failed", now, OPTIONS, () => 0).state;

/** States that a backend can come into. */
const states = fc
  .array(fc.constantFrom("success", "dial-failed", "unexpected-close", "probe", "probed", "eject", "end", "wait"))
  .map((steps) => {
    let [state, now] = [initialHealth(500), 500];
    for (const step of steps) {
      now += 700;
      if (step === "wait") now += 5 * MINUTE;
      else if (step === "probe") state = beginProbe(state, now, OPTIONS).state;
      else if (step === "probed") state = observeProbe(state, "success", now, OPTIONS, () => 0).state;
      else if (step === "eject") state = ejected(state, now);
      else if (step === "end") state = endEjection(state, now).state;
      else state = observeHealth(state, step, now, OPTIONS, () => 0).state;
    }
    return { state, now };
  });

describe("a state of another process", () => {
  test("is read as it was told, whatever it is, by whatever clock", () => {
    fc.assert(
      fc.property(states, fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), ({ state }, offset) => {
        const told = JSON.parse(JSON.stringify(shiftHealth(state, offset))) as unknown; // as a channel carries it
        const read = shiftHealth(healthStateSchema.parse(told), -offset);
        assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(state)));
      }),
    );
  });

  test("goes on as it would have, but for a probe that is under way", () => {
    fc.assert(
      fc.property(states, ({ state, now }) => {
        const heir = inheritHealth(state, now, OPTIONS);
        if (state.status === "probing") assert.deepEqual(heir, { ...state, probeAt: now });
        else if (state.status === "healthy") assert.deepEqual({ ...heir, probeAt: state.probeAt }, state);
        else assert.deepEqual(heir, state);
      }),
    );
  });

  test("keeps nobody out for longer than the options of this process could have", () => {
    const ill = { ...fallen(0), coolsUntil: 30 * MINUTE, probeAt: 90 * MINUTE, heldUntil: 90 * MINUTE };
    const maxCooldown = MINUTE;
    const held = inheritHealth(ill, 0, optionsOf({ maxCooldown: "1m", flapping: { maxHold: "2m" } }));
    assert.deepEqual([held.coolsUntil, held.heldUntil, held.probeAt], [maxCooldown, 2 * MINUTE, 2 * MINUTE]);
    const free = inheritHealth(ill, 0, optionsOf({ maxCooldown: "1m", flapping: "off" }));
    assert.deepEqual([free.heldUntil, free.probeAt], [0, maxCooldown]);
    const out = { ...ejected(initialHealth(0), 0), coolsUntil: 600 * MINUTE, ejection: 600 * MINUTE };
    const heir = inheritHealth(out, 0, OPTIONS);
    assert.deepEqual([heir.probeAt, heir.ejection], [60 * MINUTE, 60 * MINUTE]);
  });

  test("has not begun in the future, whatever a calendar says", () => {
    const { since, penaltyAt } = inheritHealth(fallen(5_000), 1_000, OPTIONS);
    assert.deepEqual([since, penaltyAt], [1_000, 1_000]);
  });

  test("grows its next ejection from the last one", () => {
    const first = ejected(initialHealth(0), 0);
    const back = endEjection(first, first.probeAt).state;
    const heir = inheritHealth(back, first.probeAt + 1_000, OPTIONS);
    assert.equal(ejected(heir, first.probeAt + 2_000).ejection, 2 * MINUTE);
  });

  test("of another form is none", () => {
    for (const change of [
      { status: "tired" },
      { since: "now" },
      { failures: -1 },
      { penaltyAt: null },
      { reason: 1 },
    ]) {
      assert.equal(
        healthStateSchema.safeParse({ ...initialHealth(0), ...change }).success,
        false,
        JSON.stringify(change),
      );
    }
    assert.equal(healthStateSchema.safeParse({ ...initialHealth(0), mood: "good" }).success, true);
  });
});
