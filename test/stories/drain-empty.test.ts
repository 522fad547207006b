/** A drain that is done says that its backend may be stopped: nobody has anything there any more. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { Move } from "../../src/admin/index.ts";
import { startEcho } from "../kit/backends.ts";
import { startBalancer, type Harbour } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { OPCODE } from "../kit/frames.ts";
import { ask } from "../kit/http.ts";
import { adminOf, drainBackend, startRehoming } from "../kit/rehoming.ts";
import { startRaw } from "../kit/raw.ts";
import { until } from "../kit/until.ts";

const PARTING = "the last tunnels are on their way out";

const drainOf = async (t: TestContext, fairlead: Harbour): Promise<Move> => {
  const answer = await ask(t, `${adminOf(fairlead)}/api/v1/drains/d1`);
  return JSON.parse(answer.body.toString()) as Move; // as the admin API says it
};

const waits = async (t: TestContext, fairlead: Harbour): Promise<void> => {
  let move = await drainOf(t, fairlead);
  await until(async () => (move = await drainOf(t, fairlead)).slowedBy === PARTING, "all have been told");
  assert.deepEqual([move.state, move.moved, move.left, move.currentRate], ["running", 1, 1, 0]);
};

const isDone = async (t: TestContext, fairlead: Harbour): Promise<void> => {
  await until(async () => (await drainOf(t, fairlead)).state === "done", "the drain is done");
  const { moved, left, slowedBy } = await drainOf(t, fairlead);
  assert.deepEqual([moved, left, slowedBy], [1, 0, null]);
};

test("a drain waits for what a backend has in hand for a tunnel that is re-homed", async (t) => {
  const old = await startRaw(t);
  const next = await startEcho(t);
  const fairlead = await startRehoming(t, [old, next], { quiet: "1m", timeout: "10m", handOverCodes: [1001] });
  const [peer, client] = await Promise.all([old.upgraded(), openWs(t, fairlead.url)]);
  await drainBackend(t, adminOf(fairlead), "default", old.url);
  await waits(t, fairlead);
  peer.text("the result");
  peer.close(1001);
  assert.equal(await client.next(), "the result");
  assert.equal(await client.ask("who?"), "who?");
  await isDone(t, fairlead);
});

test("a drain waits for the closing handshake of a tunnel that it has ended", async (t) => {
  const old = await startRaw(t);
  const next = await startEcho(t);
  const fairlead = await startBalancer(t, {
    backends: [
      { url: old.url, weight: 1_000 },
      { url: next.url, weight: 0.000_001 },
    ],
    balance: "random",
    tunnel: { closeTimeout: "1m" },
    admin: "127.0.0.1:0",
  });
  const [peer, client] = await Promise.all([old.upgraded(), openWs(t, fairlead.url)]);
  // What is not whole can still become so, and only then the client can be told.
  peer.send({ opcode: OPCODE.text, payload: "half a ", fin: false });
  await drainBackend(t, adminOf(fairlead), "default", old.url);
  await waits(t, fairlead);
  peer.send({ opcode: OPCODE.continuation, payload: "message" });
  await peer.expectClose(1001);
  peer.close(1001);
  assert.equal((await client.closed()).code, 1012);
  await peer.farewell();
  await isDone(t, fairlead);
});
