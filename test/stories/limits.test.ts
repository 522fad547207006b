/** Limits of time and memory that every tunnel has: idle, lifetime, stalled readers, half-closed connections. */
import assert from "node:assert/strict";
import test from "node:test";
import { OPCODE } from "../kit/frames.ts";
import { endOf, openRawTunnel } from "../kit/tunnel.ts";
import { startBalancer } from "../kit/balancer.ts";
import { startEcho } from "../kit/backends.ts";
import { openWs } from "../kit/clients.ts";
import type { RawPeer } from "../kit/raw.ts";
import { until } from "../kit/until.ts";

test("a tunnel without data for idleTimeout ends with 1001 on both sides", async (t) => {
  const tunnel = await openRawTunnel(t, { config: { routes: [IDLE_RAW] } });
  await tunnel.server.expectClose(1001);
  tunnel.server.close(1001);
  await tunnel.client.expectClose(1001);
  tunnel.client.close(1001);
  tunnel.server.half();
  tunnel.client.half();
  assert.deepEqual(endOf(await tunnel.aftermath()), ["fairlead", "idle", 1001, 1001]);
});

const IDLE_RAW = { name: "raw", match: { path: "/raw" }, pool: "raw", tunnel: { idleTimeout: "300ms" } } as const;

test("data in either direction keeps a tunnel from being idle; pings and pongs do not", async (t) => {
  const tunnel = await openRawTunnel(t, { config: { routes: [{ ...IDLE_RAW, tunnel: { idleTimeout: "3s" } }] } });
  for (let turn = 0; turn < 6; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 800)); // well under the limit each time, far over it in all
    const from = turn % 2 === 0 ? tunnel.client : tunnel.server;
    const to = turn % 2 === 0 ? tunnel.server : tunnel.client;
    from.text("busy");
    await to.expectText("busy");
  }
  const chatter = setInterval(() => tunnel.client.send({ opcode: OPCODE.ping }), 50);
  t.after(() => clearInterval(chatter));
  for (let opcode = -1; opcode !== OPCODE.close;) ({ opcode } = await tunnel.server.frame("pings, then a Close"));
  clearInterval(chatter);
});

test("a tunnel that has reached its lifetime ends with 1001, however busy it is", async (t) => {
  const route = { ...IDLE_RAW, tunnel: { lifetime: "400ms", lifetimeJitter: 0 } };
  const tunnel = await openRawTunnel(t, { config: { routes: [route] } });
  const chatter = setInterval(() => tunnel.client.text("busy"), 20);
  t.after(() => clearInterval(chatter));
  let last = await tunnel.server.frame();
  while (last.opcode !== OPCODE.close) last = await tunnel.server.frame();
  clearInterval(chatter);
  assert.equal(last.payload.readUInt16BE(0), 1001);
  tunnel.server.close(1001);
  await tunnel.client.expectClose(1001);
  tunnel.client.close(1001);
  tunnel.server.half();
  tunnel.client.half();
  assert.deepEqual(endOf(await tunnel.aftermath()), ["fairlead", "lifetime", 1001, 1001]);
});

/** More than all socket buffers between two processes hold. */
const FLOOD_PIECE = Buffer.alloc(256 * 1024, 1);
const FLOOD_PIECES = 256;

/** Writes until the other side takes no more; gives how many bytes were taken. */
const flood = async (peer: RawPeer): Promise<number> => {
  let written = 0;
  const opcode = (at: number): number => (at === 0 ? OPCODE.binary : OPCODE.continuation);
  for (let at = 0; at < FLOOD_PIECES; at += 1) {
    peer.send({ opcode: opcode(at), payload: FLOOD_PIECE, fin: false });
    written += FLOOD_PIECE.length;
    const taken = await Promise.race([drained(peer), new Promise((resolve) => setTimeout(resolve, 1000, "stuck"))]);
    if (taken === "stuck") return written;
  }
  return written;
};

const drained = async (peer: RawPeer): Promise<void> => {
  await until(() => peer.socket.writableLength === 0 || peer.socket.destroyed, "the socket takes it", 60_000).catch(
    () => undefined,
  );
};

for (const [reader, writer, told] of [
  ["client", "server", 1001],
  ["server", "client", 1012],
] as const) {
  test(`a ${reader} that does not read pauses the ${writer}, so that little waits in between, and is ended after writeTimeout`, async (t) => {
    const tunnel = await openRawTunnel(t, { tunnel: { writeTimeout: "2s", closeTimeout: "500ms", heartbeat: "off" } });
    tunnel[reader].socket.pause();
    const written = await flood(tunnel[writer]);
    assert.ok(written < FLOOD_PIECES * FLOOD_PIECE.length, "the writer is paused");
    assert.equal(await tunnel.bystander.ask("alive?"), "alive?");
    const close = await tunnel[writer].frame("what the writer is told");
    assert.equal(close.payload.readUInt16BE(0), told);
    tunnel[writer].socket.destroy();
    const record = await tunnel.aftermath();
    assert.equal(record.tunnel?.cause, reader === "client" ? "client-stalled" : "backend-stalled");
  });
}

test("a reader that pauses for a while loses nothing", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url], tunnel: { writeTimeout: "20s" } });
  const client = await openWs(t, fairlead.url);
  client.socket.pause();
  const count = 40;
  for (let at = 0; at < count; at += 1) client.socket.send(Buffer.alloc(500_000, at));
  await until(() => client.socket.bufferedAmount > 0, "the stream is full");
  client.socket.resume();
  await until(() => client.messages.length === count, "all of them are back");
  assert.ok(client.messages.every((message, at) => message.data.equals(Buffer.alloc(500_000, at))));
});

test("a half-close by the client is passed on, and what the backend still says is delivered", async (t) => {
  const tunnel = await openRawTunnel(t);
  tunnel.client.text("that is all from me");
  tunnel.client.half();
  await tunnel.server.expectText("that is all from me");
  await tunnel.server.expectClose(1001);
  await tunnel.server.received.ending();
  tunnel.server.text("one last thing");
  tunnel.server.half();
  await tunnel.client.expectText("one last thing");
  await tunnel.client.farewell();
  await tunnel.aftermath();
});

test("half a connection does not outlive halfCloseTimeout", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: { halfCloseTimeout: "300ms", closeTimeout: "300ms" } });
  tunnel.client.half();
  await tunnel.server.expectClose(1001);
  await tunnel.client.farewell();
  await tunnel.record();
  tunnel.server.socket.destroy();
  await tunnel.aftermath();
});
