import assert from "node:assert/strict";
import test from "node:test";

import { Room } from "../../src/gateway/room.ts";

test("those that are being opened take room like those that are open, and who leaves makes room", () => {
  const tunnels = new Set<number>();
  let noticed = 0;
  const room = new Room(tunnels, 2, () => (noticed += 1));
  assert.ok(room.enter() && room.enter());
  assert.equal(room.enter(), false);
  tunnels.add(1);
  room.leave();
  assert.equal(room.enter(), false, "it is open now");
  room.leave();
  assert.equal(room.enter(), true, "the other one never was");
  assert.deepEqual([room.refused, noticed], [2, 2]);
});

test("a smaller limit touches nothing that is open, and lets nothing in before there is room", () => {
  const tunnels = new Set([1, 2, 3]);
  const room = new Room(tunnels, 5, () => undefined);
  room.max = 2;
  assert.equal(room.enter(), false);
  tunnels.clear();
  assert.equal(room.enter(), true);
});
