/** What happens to an instance is in its log, also where nothing but an event tells of it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Logger } from "../../src/base/index.ts";
import { logEvents } from "../../src/operations/event-lines.ts";
import { EventLog } from "../../src/operations/event-log.ts";

const CLOCK = { now: () => 0, wall: () => Date.UTC(2026, 0, 2, 3, 4, 5) };

// Programs know records by their `kind`, and tunnels by their `id`: these lines have neither.
test("moves, mass losses and re-homings leave a line each, a warning where tunnels were lost, and other events none", () => {
  const lines: unknown[] = [];
  const write = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message]);
  const logger: Logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const events = new EventLog(CLOCK);
  logEvents(events, logger);
  events.add("tunnels-lost", "many are lost", { lost: 40 });
  events.add("tunnels-rehomed", "all have another one", { failed: 0 });
  events.add("tunnels-rehomed", "some have none", { failed: 2 });
  events.add("tunnels-ended", "an operator ended some", { count: 3 });
  events.add("move-started", "it begins", { move: "d1", kind: "drain" });
  events.add("move-ended", "it is over", { move: "d1" });
  // Whoever tells of these writes a line that says more.
  for (const type of ["backend-unhealthy", "reloaded", "worker-ended", "toString"]) events.add(type, "something else");
  assert.deepEqual(lines, [
    ["warn", { type: "tunnels-lost", lost: 40 }, "many are lost"],
    ["info", { type: "tunnels-rehomed", failed: 0 }, "all have another one"],
    ["warn", { type: "tunnels-rehomed", failed: 2 }, "some have none"],
    ["info", { type: "tunnels-ended", count: 3 }, "an operator ended some"],
    ["info", { type: "move-started", move: "d1" }, "it begins"],
    ["info", { type: "move-ended", move: "d1" }, "it is over"],
  ]);
});
