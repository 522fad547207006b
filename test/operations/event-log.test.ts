import assert from "node:assert/strict";
import { test } from "node:test";

import { EventLog } from "../../src/operations/event-log.ts";

const CLOCK = { now: () => 0, wall: () => Date.UTC(2026, 0, 2, 3, 4, 5) };

test("events are numbered from 1, have their time and fields, and can be had from a number on", () => {
  const log = new EventLog(CLOCK);
  log.add("ready", "it is ready");
  log.add("backend-added", "one more", { pool: "chat", backend: "ws://a:1" });
  assert.deepEqual(log.recent(), [
    { id: 1, time: "2026-01-02T03:04:05.000Z", type: "ready", message: "it is ready" },
    {
      id: 2,
      time: "2026-01-02T03:04:05.000Z",
      type: "backend-added",
      message: "one more",
      pool: "chat",
      backend: "ws://a:1",
    },
  ]);
  assert.deepEqual(
    log.recent(1).map(({ id }) => id),
    [2],
  );
  assert.deepEqual(log.recent(2), []);
});

test("a field cannot take the place of what every event has", () => {
  const log = new EventLog(CLOCK);
  log.add("reloaded", "done", { id: "r7", type: "other", message: "other", time: "never" });
  assert.deepEqual(log.recent(), [{ id: 1, time: "2026-01-02T03:04:05.000Z", type: "reloaded", message: "done" }]);
});

test("the last 1,000 are kept, and numbers go on", () => {
  const log = new EventLog(CLOCK);
  for (let at = 0; at < 1_200; at += 1) log.add("tick", String(at));
  const kept = log.recent();
  assert.deepEqual([kept.length, kept[0]?.id, kept.at(-1)?.id], [1_000, 201, 1_200]);
});

test("whoever listens is told until it stops listening", () => {
  const log = new EventLog(CLOCK);
  const heard: string[] = [];
  const stop = log.listen(({ message }) => heard.push(`one: ${message}`));
  log.listen(({ message }) => heard.push(`two: ${message}`));
  log.add("tick", "a");
  stop();
  log.add("tick", "b");
  assert.deepEqual(heard, ["one: a", "two: a", "two: b"]);
});
