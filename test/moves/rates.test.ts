import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { Rates } from "../../src/moves/index.ts";

const WINDOW = 60_000;
const SECOND = 1_000;

/** A tunnel that carries so much a second from its opening on. */
class Steady {
  ageMs = 0;
  reads = 0;
  carried = 0;
  now = 0;

  /** Lets time go by. */
  pass(time: number, perSecond: number): this {
    this.now += time;
    this.ageMs += time;
    this.carried += (perSecond * time) / SECOND;
    return this;
  }

  look(rates: Rates<Steady>) {
    return rates.look(this.now, this, (tunnel) => {
      tunnel.reads += 1;
      return tunnel.carried;
    });
  }
}

test("a tunnel that is seen for the first time is taken for what it has carried in its life", () => {
  const tunnel = new Steady().pass(100 * SECOND, 7);
  assert.ok(Math.abs(tunnel.look(new Rates(WINDOW)) - 7) < 1e-9);
});

test("what goes on as it was is known however it is looked at, from the first second on", () => {
  const steps = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e4, noNaN: true }), steps, (perSecond, times) => {
      const rates = new Rates<Steady>(WINDOW);
      const tunnel = new Steady().pass(SECOND, perSecond);
      for (const time of times) {
        const known = tunnel.pass(time, perSecond).look(rates);
        assert.ok(Math.abs(known - perSecond) < 1e-6 * perSecond, `${known} for ${perSecond}`);
      }
    }),
  );
});

test("a change is believed with the window, and one look a second is enough", () => {
  const rates = new Rates<Steady>(WINDOW);
  const tunnel = new Steady().pass(600 * SECOND, 1);
  tunnel.look(rates);
  for (let step = 0; step < 4 * 60; step += 1) tunnel.pass(SECOND / 4, 11).look(rates);
  const perSecond = tunnel.look(rates);
  assert.ok(Math.abs(perSecond - (1 + 10 * (1 - Math.exp(-1)))) < 0.01, `${perSecond}`);
  assert.equal(tunnel.reads, 61);
});
