/** A leg over a real socket: what its owner is told, and when. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SocketLeg } from "../../src/relay/index.ts";
import type { LegListener } from "../../src/relay/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { startRaw } from "../kit/raw.ts";
import type { RawPeer } from "../kit/raw.ts";
import { until } from "../kit/until.ts";

interface Story {
  readonly leg: SocketLeg;
  readonly peer: RawPeer;
  /** What the leg's owner was told, in order. */
  readonly told: string[];
  readonly listener: LegListener;
}

const listenerOf = (told: string[]): LegListener => ({
  onBytes: (bytes) => void told.push(Buffer.from(bytes).toString()),
  onEnd: () => void told.push("<end>"),
  onDrain: () => void told.push("<drain>"),
  onClosed: (error) => void told.push(error === undefined ? "<closed>" : "<broken>"),
});

const openLeg = async (t: TestContext): Promise<Story> => {
  const server = await startRaw(t);
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  lastly(t, () => void socket.destroy());
  await once(socket, "connect");
  const told: string[] = [];
  const listener = listenerOf(told);
  return { leg: new SocketLeg(socket, listener), peer: await server.peer(), told, listener };
};

const comesTo = (told: readonly string[], all: string): Promise<void> => until(() => told.join("") === all, all);

test("nothing is read before a leg is resumed, nor while it is paused", async (t) => {
  const { leg, peer, told } = await openLeg(t);
  peer.write("one");
  await new Promise(setImmediate);
  assert.deepEqual(told, []);
  leg.resume();
  await comesTo(told, "one");
  leg.pause();
  peer.write("two");
  await new Promise(setImmediate);
  assert.deepEqual(told, ["one"]);
  leg.resume();
  await comesTo(told, "onetwo");
});

test("who listens may change, and only the one who listens is told", async (t) => {
  const { leg, peer, told } = await openLeg(t);
  leg.resume();
  peer.write("for the first");
  await comesTo(told, "for the first");
  const next: string[] = [];
  leg.listener = listenerOf(next);
  peer.write("for the second");
  peer.half();
  await comesTo(next, "for the second<end>");
  assert.deepEqual(told, ["for the first"]);
});

test("each half ends by itself, and the connection when both have", async (t) => {
  const { leg, peer, told } = await openLeg(t);
  leg.resume();
  peer.half();
  await comesTo(told, "<end>");
  assert.ok(!leg.closed);
  leg.write(Buffer.from("still open"));
  leg.end();
  assert.equal(await peer.received.ending(), "fin");
  assert.equal(peer.received.rest().toString(), "still open");
  await comesTo(told, "<end><closed>");
  assert.ok(leg.closed);
});

test("a reset is told once, as a broken connection", async (t) => {
  const { leg, peer, told } = await openLeg(t);
  leg.resume();
  peer.reset();
  await comesTo(told, "<broken>");
  leg.destroy();
  leg.end();
  leg.write(Buffer.from("to nobody"));
  await new Promise(setImmediate);
  assert.deepEqual(told, ["<broken>"]);
});

test("a leg that is destroyed is closed once", async (t) => {
  const { leg, told } = await openLeg(t);
  leg.destroy();
  leg.destroy();
  await comesTo(told, "<closed>");
});

test("a peer that does not read makes a backlog, which shrinks as it reads, and is told when it is gone", async (t) => {
  const { leg, peer, told } = await openLeg(t);
  peer.socket.pause();
  assert.equal(leg.backlog, 0);
  const chunk = Buffer.alloc(1 << 20, "x");
  let sent = 0;
  for (let flowing = true; flowing && sent < 64; sent += 1) flowing = leg.write(chunk);
  for (; sent < 24; sent += 1) leg.write(chunk);
  assert.ok(leg.backlog > 0);
  assert.equal(told.length, 0);
  peer.socket.resume();
  await until(() => told.includes("<drain>"), "the drain");
  assert.equal(leg.backlog, 0);
  await until(() => peer.socket.bytesRead === sent * chunk.length, "every byte");
});
