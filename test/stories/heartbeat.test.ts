/** fairlead's own pings: peers that are gone without a word are found, peers that live are left alone. */
import assert from "node:assert/strict";
import test from "node:test";
import { startBalancer } from "../kit/balancer.ts";
import { openWs, whose } from "../kit/clients.ts";
import { OPCODE } from "../kit/frames.ts";
import { startNodeClient, startNodeEcho } from "../kit/processes.ts";
import { startRehoming } from "../kit/rehoming.ts";
import { endOf, openRawTunnel } from "../kit/tunnel.ts";
import { until } from "../kit/until.ts";

/** Peers live and are here with us: who does not answer for so long is frozen, not kept waiting by a busy machine. */
const FAST = { heartbeat: { interval: "500ms", timeout: "2s" } } as const;

/** A leg that answers is pinged so often before a test is content. */
const ROUNDS = 3;

test("a silent leg on either side gets pings, whose pongs are swallowed", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: FAST });
  const answerPings = async (peer: typeof tunnel.client | typeof tunnel.server): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const ping = await peer.frame("a ping");
      assert.equal(ping.opcode, OPCODE.ping);
      assert.equal(ping.masked, peer === tunnel.server, "pings to a backend are masked, to a client not");
      peer.send({ opcode: OPCODE.pong, payload: ping.payload });
    }
  };
  await Promise.all([answerPings(tunnel.client), answerPings(tunnel.server)]);
  tunnel.client.close(1000);
  const next = await tunnel.server.frame();
  assert.ok(
    next.opcode === OPCODE.close || next.opcode === OPCODE.ping,
    `no pong of the client's came through: ${next.opcode}`,
  );
});

test("pings and pongs of the application pass untouched, even unasked ones", async (t) => {
  const tunnel = await openRawTunnel(t);
  for (const [from, to] of [
    [tunnel.client, tunnel.server],
    [tunnel.server, tunnel.client],
  ] as const) {
    from.send(
      { opcode: OPCODE.ping, payload: "mine" },
      { opcode: OPCODE.pong, payload: "unasked" },
      { opcode: OPCODE.pong },
    );
    for (const [opcode, payload] of [
      [OPCODE.ping, "mine"],
      [OPCODE.pong, "unasked"],
      [OPCODE.pong, ""],
    ] as const) {
      const got = await to.frame();
      assert.deepEqual([got.opcode, got.payload.toString()], [opcode, payload]);
    }
  }
});

test("a client that answers no ping gets 1001 and the end of its connection, the backend 1001", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: FAST });
  const answers = answerAll(tunnel.server);
  assert.equal((await tunnel.client.frame()).opcode, OPCODE.ping);
  await tunnel.client.expectClose(1001);
  await tunnel.client.farewell();
  assert.equal(await answers, 1001);
  tunnel.client.half();
  assert.deepEqual(endOf(await tunnel.aftermath()), ["client", "client-silent", 1001, 1001]);
  assert.equal(await tunnel.failures(), 0);
});

test("a backend that answers no ping gets 1001 and the end of its connection, its client 1012", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: FAST });
  const answers = answerAll(tunnel.client);
  assert.equal((await tunnel.server.frame()).opcode, OPCODE.ping);
  assert.equal(await answers, 1012);
  await tunnel.server.expectClose(1001);
  await tunnel.server.farewell();
  tunnel.client.half();
  assert.deepEqual(endOf(await tunnel.aftermath()), ["backend", "backend-silent", 1012, 1001]);
  assert.equal(await tunnel.failures(), 1);
});

/** Answers pings and at last the Close, whose code it gives. */
const answerAll = async (peer: Awaited<ReturnType<typeof openRawTunnel>>["client" | "server"]): Promise<number> => {
  for (;;) {
    const got = await peer.frame("a ping or a Close");
    if (got.opcode === OPCODE.close) {
      peer.send({ opcode: OPCODE.close, payload: got.payload });
      peer.half();
      return got.payload.readUInt16BE(0);
    }
    if (got.opcode === OPCODE.ping) peer.send({ opcode: OPCODE.pong, payload: got.payload });
  }
};

test("data is a sign of life: a peer that sends but never pongs is kept", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: { heartbeat: { interval: "2s", timeout: "2s" } } });
  const answers = answerAll(tunnel.server);
  const talk = setInterval(() => tunnel.client.text("still here"), 50);
  await new Promise((resolve) => setTimeout(resolve, 6_000)); // longer than a silent client would have
  clearInterval(talk);
  assert.equal(tunnel.client.received.ended, undefined);
  assert.equal(tunnel.client.received.rest().length, 0, "who talks is not pinged");
  tunnel.client.close(1000);
  assert.equal(await answers, 1000);
});

test("no ping is written inside a frame that is under way", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: { heartbeat: { interval: "150ms", timeout: "20s" } } });
  tunnel.server.send({ opcode: OPCODE.binary, payload: "ab", claims: 4 });
  await new Promise((resolve) => setTimeout(resolve, 700)); // several intervals in which a wrong ping would be written
  tunnel.server.write("cd");
  const got = await tunnel.client.frame();
  assert.deepEqual([got.opcode, got.payload.toString()], [OPCODE.binary, "abcd"]);
});

test("a frozen backend process is found, its client told 1012, and new clients go elsewhere", async (t) => {
  const [frozen, well] = await Promise.all([startNodeEcho(t, "frozen"), startNodeEcho(t, "well")]);
  const fairlead = await startBalancer(t, {
    pools: {
      default: {
        backends: [frozen.url, well.url],
        balance: "round-robin",
        dial: { connectTimeout: "2s", handshakeTimeout: "2s" },
        health: { failureThreshold: 1 },
      },
    },
    tunnel: { heartbeat: { interval: "1s", timeout: "2s" }, closeTimeout: "300ms" },
  });
  const clients = [await openWs(t, fairlead.url), await openWs(t, fairlead.url)];
  const names = await Promise.all(clients.map(whose));
  frozen.freeze();
  const victim = clients[names.indexOf("frozen")];
  assert.equal((await victim?.closed())?.code, 1012);
  for (let turn = 0; turn < 4; turn += 1) assert.equal(await whose(await openWs(t, fairlead.url)), "well");
  assert.equal(await clients[names.indexOf("well")]?.ask("still?"), "still?");
  frozen.thaw();
});

test("a frozen client process is let go, and its backend told 1001", async (t) => {
  const backend = await startNodeEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url], tunnel: { ...FAST, closeTimeout: "300ms" } });
  const client = startNodeClient(t, fairlead.url);
  await client.line(/^open$/);
  client.freeze();
  const record = await fairlead.record(() => true);
  assert.equal(record.tunnel?.cause, "client-silent");
  assert.equal(record.tunnel?.backend.closeTo, 1001);
  await fairlead.idle();
  client.thaw();
});

test("a killed client process is noticed at once", async (t) => {
  const backend = await startNodeEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const client = startNodeClient(t, fairlead.url);
  await client.line(/^open$/);
  await client.kill();
  assert.equal((await fairlead.record(() => true)).tunnel?.cause, "client-vanished");
  await fairlead.idle();
});

test("a killed backend process costs each of its clients a 1012", async (t) => {
  const backend = await startNodeEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const clients = await Promise.all(Array.from({ length: 20 }, () => openWs(t, fairlead.url)));
  await backend.kill();
  const codes = await Promise.all(clients.map(async (client) => (await client.closed()).code));
  assert.deepEqual(
    codes,
    Array.from({ length: 20 }, () => 1012),
  );
  await until(() => fairlead.records.length === 20, "a record of each");
  await fairlead.idle();
});

test("with re-homing, clients of a backend that is frozen go on elsewhere, and the ping that it has is answered there", async (t) => {
  const frozen = await startNodeEcho(t, "frozen");
  const other = await startNodeEcho(t, "other");
  const fairlead = await startRehoming(t, [frozen, other], "on", { interval: "1s", timeout: "2s" });
  const client = await openWs(t, fairlead.url);
  assert.equal(await client.ask("who"), "frozen");
  frozen.freeze();
  let pongs = 0;
  client.socket.on("pong", () => (pongs += 1));
  client.socket.ping("are you there?");
  await until(() => pongs === 1, "the other one answers");
  assert.equal(await client.ask("who"), "other");
  frozen.thaw();
  await client.bye();
  const { rehomed, backend } = await fairlead.record(({ kind }) => kind === "tunnel");
  assert.deepEqual([rehomed, backend], [1, other.url]);
});
