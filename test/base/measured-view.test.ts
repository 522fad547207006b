/** What a view makes of measurements between two of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { viewOf } from "./views.ts";

const anyLoad = fc.nat(500);
const anyActivity = fc.double({ min: 0, max: 1e6, noNaN: true });

/** A view of one backend, measured with so many tunnels. */
const measured = (activity: number, then: number, mean: number) => {
  const view = viewOf(["ws://10.0.0.1:8000"]);
  view.setLoad(0, then);
  view.setActivity(0, activity, then);
  view.activityPerTunnel = mean;
  return view;
};

test("with the load that it was measured with, activity is what was measured", () => {
  fc.assert(
    fc.property(anyActivity, anyLoad, anyActivity, (activity, load, mean) => {
      assert.equal(measured(activity, load, mean).activity(0), activity);
    }),
  );
});

test("each tunnel more counts as the mean, each one less as its share, and never less than nothing", () => {
  fc.assert(
    fc.property(anyActivity, anyLoad, anyActivity, anyLoad, (activity, then, mean, now) => {
      const view = measured(activity, then, mean);
      view.setLoad(0, now);
      const expected = now >= then ? activity + (now - then) * mean : (activity / then) * now;
      assert.ok(Math.abs(view.activity(0) - expected) <= 1e-9 * Math.max(1, expected));
      assert.ok(view.activity(0) >= 0);
    }),
  );
});

test("a tunnel that comes and goes between two measurements leaves no trace", () => {
  const view = measured(40, 4, 7);
  view.setLoad(0, 5);
  view.setLoad(0, 4);
  assert.equal(view.activity(0), 40);
});

test("where nobody measures, nothing makes a difference", () => {
  const view = viewOf(["ws://10.0.0.1:8000"]);
  view.setLoad(0, 9);
  assert.deepEqual([view.activity(0), view.latency(0), view.strain(0)], [0, 0, 1]);
});
