/** What probes of a backend that is well, or not, make of its health. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { seededRandom } from "../../src/base/index.ts";
import {
  beginProbe,
  healthSchema,
  initialHealth,
  observeActive,
  observeHealth,
  takesNewWork,
} from "../../src/health/index.ts";
import type { HealthState } from "../../src/health/index.ts";

const BAD = "it answered 503";

/** A backend that is probed all the time, with a clock of its own. */
class Probed {
  readonly options;
  readonly active;
  state: HealthState = initialHealth(0);
  now = 0;

  constructor(active: object = {}, health: object = {}) {
    this.options = healthSchema.parse({ cooldownJitter: 0, ...health, active: { kind: "tcp", ...active } });
    assert.ok(this.options.active !== "off");
    this.active = this.options.active;
  }

  /** Probes it each second. */
  probed(...failures: readonly (string | undefined)[]): this {
    for (const failure of failures) {
      this.now += 1_000;
      this.state = observeActive(this.state, failure, this.now, this.options, this.active, () => 0).state;
    }
    return this;
  }
}

test("so many failed probes in a row make a backend unhealthy, and the reason tells the last", () => {
  const one = new Probed({ fall: 3 }).probed(BAD, BAD, undefined, BAD, BAD);
  assert.equal(one.state.status, "healthy", "a good one between them begins anew");
  one.probed(BAD);
  assert.equal(one.state.status, "unhealthy");
  assert.equal(one.state.reason, "3 probes in a row failed, the last: it answered 503");
  assert.equal(new Probed({ fall: 1 }).probed(BAD).state.reason, "a probe failed: it answered 503");
});

test("it comes back after the cool-down and with so many good probes in a row, whichever is later", () => {
  const one = new Probed({ fall: 1, rise: 3 }, { cooldown: "2s" }).probed(BAD, undefined, undefined);
  assert.deepEqual([one.state.status, one.state.since], ["probing", 3_000]);
  assert.equal(one.state.reason, "2 of 3 probes in a row succeeded; before that: a probe failed: it answered 503");
  one.probed(undefined);
  assert.deepEqual([one.state.status, one.state.reason], ["healthy", "3 probes in a row succeeded"]);

  const cooling = new Probed({ fall: 1, rise: 1 }, { cooldown: "5s" }).probed(BAD, undefined, undefined, undefined);
  assert.equal(cooling.state.status, "unhealthy", "no probe shortens a cool-down");
  assert.equal(cooling.probed(undefined, undefined).state.status, "healthy");
});

test("a failed probe on the way back begins the row anew, but no longer cool-down", () => {
  const one = new Probed({ fall: 1, rise: 2 }, { cooldown: "1s" }).probed(BAD, undefined);
  assert.equal(one.state.status, "probing");
  one.probed(BAD);
  assert.deepEqual([one.state.status, one.state.cooldown, one.state.flaps], ["unhealthy", 1_000, 1]);
  assert.equal(one.probed(undefined, undefined).state.status, "healthy");
});

test("a recovery that had begun when active probes were switched on keeps nobody waiting", () => {
  const begun = () => {
    const one = new Probed({ fall: 1, rise: 2 }, { cooldown: "1s", probe: { timeout: "1h" } }).probed(BAD);
    one.now += 1_000;
    one.state = beginProbe(one.state, one.now, one.options).state;
    assert.equal(one.state.status, "probing");
    return one;
  };
  assert.equal(begun().probed(undefined, undefined).state.status, "healthy");
  assert.equal(begun().probed(BAD, undefined, undefined).state.status, "healthy");
});

test("good probes say nothing of what clients see: failures of real connections go on counting", () => {
  const one = new Probed();
  for (let failures = 0; failures < 3; failures += 1) {
    one.state = observeHealth(one.state, "dial-failed", one.now, one.options, () => 0).state;
    if (failures < 2) one.probed(undefined);
  }
  assert.equal(one.state.status, "unhealthy");
});

test("whatever probes find, nobody falls before `fall` failures or comes back before `rise` successes and the cool-down", () => {
  const limits = fc.record({ rise: fc.integer({ min: 1, max: 4 }), fall: fc.integer({ min: 1, max: 4 }) });
  const steps = fc.array(fc.record({ good: fc.boolean(), wait: fc.integer({ min: 1, max: 20_000 }) }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(limits, steps, fc.integer(), (paces, all, seed) => {
      const one = new Probed(paces, { flapping: "off" });
      const random = seededRandom(seed);
      let [good, bad] = [0, 0];
      for (const step of all) {
        one.now += step.wait;
        good = step.good ? good + 1 : 0;
        bad = step.good ? 0 : bad + 1;
        const before = one.state;
        const { state, flipped } = observeActive(
          before,
          step.good ? undefined : BAD,
          one.now,
          one.options,
          one.active,
          random,
        );
        assert.equal(flipped, state.status !== before.status);
        if (takesNewWork(before) && !takesNewWork(state)) assert.ok(bad >= paces.fall);
        if (!takesNewWork(before) && takesNewWork(state)) {
          assert.ok(good >= paces.rise);
          assert.ok(one.now >= before.coolsUntil);
        }
        one.state = state;
      }
    }),
  );
});
