/** When many tunnels have left or lost their backends, operators are told once, with what became of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { massLosses, massRehomings } from "../../src/supervisor/mass-events.ts";

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

test("tunnels that ended with their backend are told by backend, and none that ended otherwise", () => {
  const ends = (backend: string, by: string, cause: string, count: number) =>
    [["chat", backend, by, cause, "1012"], count] as const;
  const before = [ends("one", "backend", "backend-vanished", 100)];
  const after = [
    ends("one", "backend", "backend-vanished", 104),
    ends("one", "backend", "backend-silent", 6),
    ends("one", "client", "client-vanished", 50),
    ends("one", "backend", "backend-close", 50),
    ends("one", "fairlead", "drain", 50),
    ends("two", "backend", "backend-protocol-error", 9),
  ];
  assert.deepEqual(massLosses(before, after), [{ pool: "chat", backend: "one", lost: 10 }]);
  assert.deepEqual(massLosses(after, before), []);
});
