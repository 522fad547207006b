/** Who looks for a backend first when many do, and how many at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RehomingQueue } from "../../src/gateway/rehoming-queue.ts";

const AT_A_TIME = 64;

/** Tunnels that look for a backend until they are told to stop. */
const crowd = () => {
  const running: { name: string; done: () => void }[] = [];
  const begun: string[] = [];
  const waiting = (name: string, idleMs: number, isWanted = true) => ({
    idleMs,
    isWanted,
    run: (): Promise<void> => {
      begun.push(name);
      return new Promise((resolve) => running.push({ name, done: resolve }));
    },
  });
  const finish = async (): Promise<void> => {
    running.shift()?.done();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { running, begun, waiting, finish };
};

test("so many at a time and no more, for each pool", async () => {
  const { begun, waiting, finish } = crowd();
  const queue = new RehomingQueue();
  for (let at = 0; at < 200; at += 1) queue.add("chat", waiting(`${at}`, 0));
  assert.equal(begun.length, AT_A_TIME);
  queue.add("games", waiting("game", 0));
  assert.equal(begun.length, AT_A_TIME + 1);
  await finish();
  assert.equal(begun.length, AT_A_TIME + 2);
  for (let at = 0; at < 200; at += 1) await finish();
  assert.equal(new Set(begun).size, 201);
});

test("those in use come before those that are idle, and who is not wanted any more is passed over", async () => {
  const { begun, waiting, finish } = crowd();
  const queue = new RehomingQueue();
  for (let at = 0; at < AT_A_TIME; at += 1) queue.add("chat", waiting("first", 0));
  queue.add("chat", waiting("idle", 60_000));
  queue.add("chat", waiting("gone", 0, false));
  queue.add("chat", waiting("in use", 100));
  await finish();
  await finish();
  assert.deepEqual(begun.slice(AT_A_TIME), ["in use", "idle"]);
});
