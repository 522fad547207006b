/** Backends that come and go, after the idea of RFC 2439. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import {
  beginProbe,
  healthSchema,
  initialHealth,
  isHeld,
  observeHealth,
  observeProbe,
  penaltyNow,
  reasonOf,
  relieve,
} from "../../src/health/index.ts";
import type { HealthInput, HealthState } from "../../src/health/index.ts";

const noDice = (): number => 0;

/** A backend that falls at each failure, with a clock of its own. */
class Flapping {
  readonly options;
  state: HealthState = initialHealth(0);
  now = 0;

  constructor(input: HealthInput = {}) {
    this.options = healthSchema.parse({
      failureThreshold: 1,
      cooldown: "1s",
      maxCooldown: "1s",
      cooldownJitter: 0,
      ...input,
    });
  }

  falls(): this {
    this.state = observeHealth(this.state, "dial-failed", this.now, this.options, noDice).state;
    assert.equal(this.state.status, "unhealthy");
    return this;
  }

  /** As soon as it may. */
  returns(): this {
    this.now = Math.max(this.now, this.state.probeAt);
    this.state = beginProbe(this.state, this.now, this.options).state;
    this.state = observeProbe(this.state, "success", this.now, this.options, noDice).state;
    assert.equal(this.state.status, "healthy");
    return this;
  }
}

test("each fall adds 1 to the penalty, which halves in its half-life", () => {
  const one = new Flapping({ flapping: { halfLife: "1m" } }).falls();
  assert.equal(penaltyNow(one.state, one.now, one.options), 1);
  assert.equal(penaltyNow(one.state, one.now + 60_000, one.options), 0.5);
  one.returns();
  one.now = 60_000;
  one.falls();
  assert.deepEqual([one.state.penalty, one.state.flaps], [1.5, 2]);
});

test("a failed probe is no fall", () => {
  const one = new Flapping().falls();
  one.now = one.state.probeAt;
  one.state = beginProbe(one.state, one.now, one.options).state;
  one.state = observeProbe(one.state, "dial-failed", one.now, one.options, noDice).state;
  assert.deepEqual([one.state.status, one.state.flaps, one.state.penalty], ["unhealthy", 1, 1]);
});

test("above the limit it is held back until the penalty has decayed, and that is said", () => {
  const one = new Flapping({ flapping: { limit: 3, reuse: 1, halfLife: "1m", maxHold: "1h" } });
  for (let falls = 0; falls < 3; falls += 1) one.falls().returns();
  assert.equal(one.state.status, "healthy");
  one.falls();
  assert.ok(isHeld(one.state, one.now));
  assert.equal(reasonOf(one.state, one.now), "it could not be connected to; it flaps, and is held back");
  const left = penaltyNow(one.state, one.state.probeAt, one.options);
  assert.ok(Math.abs(left - 1) < 1e-9, `${left}`);
  assert.equal(isHeld(one.state, one.state.probeAt), false);
  one.returns();
  assert.equal(reasonOf(one.state, one.now), "a probe succeeded");
});

test("it is held back no longer than maxHold, and not at all where that is switched off", () => {
  const bounded = new Flapping({ flapping: { limit: 1, reuse: 0.1, halfLife: "1h", maxHold: "3m" } });
  bounded.falls().returns().falls();
  assert.equal(bounded.state.probeAt - bounded.now, 180_000);
  const off = new Flapping({ flapping: "off" });
  for (let falls = 0; falls < 20; falls += 1) off.falls().returns();
  off.falls();
  assert.deepEqual([off.state.probeAt - off.now, off.state.flaps, off.state.penalty], [1_000, 21, 0]);
});

test("where nobody else is well it is probed soon, however long it was to be left alone and held back", () => {
  const one = new Flapping({ flapping: { limit: 1, reuse: 0.5, maxHold: "1h" }, cooldown: "10s", maxCooldown: "40s" })
    .falls()
    .returns();
  one.falls();
  const { state, flipped } = relieve(one.state, one.now, one.options);
  assert.deepEqual([flipped, state.status, state.probeAt - one.now], [false, "unhealthy", 1_000]);
  assert.equal(isHeld(state, one.now), false);
  assert.equal(relieve(state, one.now, one.options).state, state, "once is enough");
  assert.equal(state.cooldown, 10_000, "it has not grown to twenty");
});

test("a cool-down that is shorter than the time between probes is left as it is", () => {
  const { state, now, options } = new Flapping({ cooldown: "300ms" }).falls();
  assert.equal(relieve(state, now, options).state, state);
});

test("whenever it falls: it is held back exactly above the limit, and every hold ends", () => {
  const waits = fc.array(fc.integer({ min: 0, max: 600_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(waits, (all) => {
      const one = new Flapping();
      const { flapping } = one.options;
      assert.ok(flapping !== "off");
      for (const wait of all) {
        one.now += wait;
        const penalty = penaltyNow(one.state, one.now, one.options) + 1;
        one.falls();
        const held = one.state.probeAt - one.state.coolsUntil;
        assert.equal(isHeld(one.state, one.now), held > 0);
        if (penalty <= flapping.limit) assert.equal(held, 0);
        assert.ok(one.state.probeAt <= one.now + Math.max(flapping.maxHold, 1_000));
        one.returns();
      }
      assert.equal(one.state.flaps, all.length);
    }),
  );
});
