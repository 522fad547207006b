/** Who dials first for another backend when many want one, and how many at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RehomingQueue } from "../../src/gateway/rehoming-queue.ts";

const AT_A_TIME = 64;

/** Tunnels that dial for as long as they are let. */
const crowd = (queue: RehomingQueue) => {
  const begun: string[] = [];
  const enter = (name: string, idleMs: number, pool = "chat"): void => {
    void queue.enter(pool, idleMs).then(() => begun.push(name));
  };
  const leave = (pool = "chat"): Promise<void> => {
    queue.leave(pool);
    return new Promise(setImmediate);
  };
  return { begun, enter, leave };
};

test("so many at a time and no more, for each pool", async () => {
  const { begun, enter, leave } = crowd(new RehomingQueue());
  for (let at = 0; at < 200; at += 1) enter(`${at}`, 0);
  enter("game", 0, "games");
  await leave("nobody's");
  assert.equal(begun.length, AT_A_TIME + 1);
  await leave();
  assert.equal(begun.length, AT_A_TIME + 2);
  for (let at = 0; at < 199; at += 1) await leave();
  assert.equal(new Set(begun).size, 201);
  enter("later", 0);
  await leave("games");
  assert.equal(begun.at(-1), "later", "as many as before have their turn");
});

test("those in use come before those that are idle", async () => {
  const { begun, enter, leave } = crowd(new RehomingQueue());
  for (let at = 0; at < AT_A_TIME; at += 1) enter("first", 0);
  enter("idle", 60_000);
  enter("in use", 100);
  await leave();
  await leave();
  assert.deepEqual(begun.slice(AT_A_TIME), ["in use", "idle"]);
});
