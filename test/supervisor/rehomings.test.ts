/** When many tunnels have left their backends, operators are told once, with what became of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { massRehomings } from "../../src/supervisor/rehomings.ts";

const counts = (...rows: readonly (readonly [string, string, string, number])[]) =>
  rows.map(([pool, reason, outcome, count]) => [[pool, reason, outcome], count] as const);

test("what has grown by ten or more is told by pool, over all reasons", () => {
  const before = counts(["chat", "drain", "rehomed", 100], ["games", "drain", "rehomed", 5]);
  const after = counts(
    ["chat", "drain", "rehomed", 104],
    ["chat", "backend-vanished", "rehomed", 4],
    ["chat", "backend-vanished", "failed", 2],
    ["games", "drain", "rehomed", 14],
  );
  assert.deepEqual(massRehomings(before, after), [{ pool: "chat", rehomed: 8, failed: 2 }]);
});

test("nothing is told when nothing happens, nor when the counts of a crashed worker are lost", () => {
  const some = counts(["chat", "drain", "rehomed", 100]);
  assert.deepEqual(massRehomings(some, some), []);
  assert.deepEqual(massRehomings(some, counts(["chat", "drain", "rehomed", 1])), []);
});
