/** Loads that change together are told together, and none too late. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadCoalescer } from "../../src/supervisor/coalescer.ts";
import type { LoadChange } from "../../src/supervisor/messages.ts";

const turn = (): Promise<void> => new Promise(setImmediate);

const coalescer = () => {
  const sent: (readonly LoadChange[])[] = [];
  return { sent, loads: new LoadCoalescer(0, (changes) => void sent.push(changes)) };
};

test("what changes in one turn of the event loop is one message, with the latest of each", async () => {
  const { sent, loads } = coalescer();
  loads.change("a", "n0", 1);
  loads.change("a", "n1", 4);
  loads.change("b", "n0", 9);
  loads.change("a", "n0", 2);
  assert.deepEqual(sent, [], "not before the end of the turn");
  await turn();
  assert.deepEqual(sent, [
    [
      ["a", "n0", 2],
      ["a", "n1", 4],
      ["b", "n0", 9],
    ],
  ]);
  await turn();
  assert.equal(sent.length, 1, "once");
  loads.change("a", "n0", 3);
  await turn();
  assert.deepEqual(sent[1], [["a", "n0", 3]]);
});

test("a flush sends what waits at once, and nothing when nothing does", async () => {
  const { sent, loads } = coalescer();
  loads.flush();
  assert.equal(sent.length, 0);
  loads.change("a", "n0", 1);
  loads.flush();
  assert.deepEqual(sent, [[["a", "n0", 1]]]);
  await turn();
  assert.equal(sent.length, 1);
});

test("after a stop nothing that waited is sent", async () => {
  const { sent, loads } = coalescer();
  loads.change("a", "n0", 1);
  loads.stop();
  loads.flush();
  await turn();
  assert.deepEqual(sent, []);
});
