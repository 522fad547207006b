/** When many tunnels have left or lost their backends, operators are told once, with what became of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRehoming, massLosses, massRehomings } from "../../src/supervisor/mass-events.ts";

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
  assert.deepEqual(massRehomings(before, after), [
    { pool: "chat", rehomed: 8, failed: 2, reasons: { drain: 4, "backend-vanished": 6 } },
  ]);
});

test("one that found no backend is told, however few there are", () => {
  const before = counts(["chat", "drain", "rehomed", 100], ["games", "backend-vanished", "failed", 3]);
  const after = counts(["chat", "drain", "rehomed", 109], ["games", "backend-vanished", "failed", 4]);
  assert.deepEqual(massRehomings(before, after), [
    { pool: "games", rehomed: 0, failed: 1, reasons: { "backend-vanished": 1 } },
  ]);
});

test("the sentence says why they left, and what became of them", () => {
  const said = (rehomed: number, failed: number, reasons: Record<string, number>): string =>
    describeRehoming({ pool: "chat", rehomed, failed, reasons });
  assert.equal(
    said(38, 2, { "backend-vanished": 40 }),
    "40 re-homings in pool chat (backend-vanished): 38 found another backend, 2 did not, and their tunnels have ended",
  );
  assert.equal(
    said(0, 40, { drain: 10, "backend-vanished": 30 }),
    "40 re-homings in pool chat (30 backend-vanished, 10 drain): none found another backend, and their tunnels have ended",
  );
  assert.equal(said(12, 0, { drain: 12 }), "12 re-homings in pool chat (drain): all found another backend");
  assert.equal(
    said(0, 1, { "backend-silent": 1 }),
    "1 re-homing in pool chat (backend-silent): it found no other backend, and its tunnel has ended",
  );
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
