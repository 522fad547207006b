import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";

import { seededRandom } from "../../src/base/index.ts";
import { chooseToMove } from "../../src/moves/index.ts";

const anyTunnels = fc.array(fc.record({ idleMs: fc.nat(50), stayMs: fc.nat(50), pinned: fc.boolean() }), {
  maxLength: 60,
});
const anyChoice = fc.record({
  count: fc.nat(70),
  minIdle: fc.nat(60),
  minAge: fc.nat(60),
  allowPinned: fc.boolean(),
});

test("the idlest of those that may be taken are chosen, of equals the first ones", () => {
  fc.assert(
    fc.property(anyTunnels, anyChoice, (tunnels, choice) => {
      const expected = tunnels
        .filter(({ idleMs, stayMs }) => idleMs >= choice.minIdle && stayMs >= choice.minAge)
        .filter(({ pinned }) => choice.allowPinned || !pinned)
        .toSorted((a, b) => b.idleMs - a.idleMs) // stable
        .slice(0, choice.count);
      const chosen = chooseToMove(tunnels, choice);
      assert.equal(chosen.length, expected.length);
      assert.ok(chosen.every((tunnel, index) => tunnel === expected[index]));
    }),
  );
});

test("a choice among 9,000 tunnels takes well under 5 ms", () => {
  const random = seededRandom(1);
  const tunnels = Array.from({ length: 9_000 }, () => ({ idleMs: random() * 60_000, stayMs: 1e6, pinned: false }));
  const timeOf = (count: number): number => {
    const times = Array.from({ length: 15 }, () => {
      const begun = performance.now();
      chooseToMove(tunnels, { count, minIdle: 0, minAge: 0, allowPinned: true });
      return performance.now() - begun;
    });
    // The least of several: what else the machine does is not to be measured.
    return Math.min(...times);
  };
  assert.ok(timeOf(3) < 5);
  assert.ok(timeOf(500) < 5);
});
