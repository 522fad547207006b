/** Many look for another backend, and some of them in vain. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { TunnelPage } from "../../src/admin/index.ts";
import { startEcho, type EchoBackend } from "../kit/backends.ts";
import { startBalancer, type Harbour } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { switchingHead } from "../kit/heads.ts";
import { ask } from "../kit/http.ts";
import { type RawPeer, startRaw } from "../kit/raw.ts";
import { until } from "../kit/until.ts";

/** More than a worker dials for at a time. */
const CROWD = 80;

/** Takes nobody who asks for /refused, and echoes what the others say. */
const choosy = async (peer: RawPeer): Promise<void> => {
  const head = await peer.head();
  if (head.first.includes("/refused")) {
    peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  peer.write(switchingHead(head));
  for (;;) peer.text((await peer.frame()).payload.toString());
};

const start = (t: TestContext, first: string, second: string, timeout: string, limits = {}): Promise<Harbour> =>
  startBalancer(t, {
    backends: [
      { url: first, weight: 1_000 },
      { url: second, weight: 0.000_001, ...limits },
    ],
    balance: "random",
    admin: "127.0.0.1:0",
    tunnel: { rehome: { timeout } },
  });

const open = (t: TestContext, fairlead: Harbour, count: number, path = "") =>
  Promise.all(Array.from({ length: count }, () => openWs(t, `${fairlead.url}${path}`)));

test("tunnels that nobody takes do not keep those that somebody takes from getting there", async (t) => {
  const doomed = await startEcho(t);
  const other = await startRaw(t, choosy);
  const fairlead = await start(t, doomed.url, other.url, "10m");
  const refused = await open(t, fairlead, CROWD, "/refused");
  const taken = await open(t, fairlead, 5);
  await doomed.kill();
  const atOther = async (): Promise<number> => (await fairlead.balancer.status()).pools[0]?.backends[1]?.open ?? 0;
  await until(async () => (await atOther()) === taken.length, "they are there");
  for (const client of taken) assert.equal(await client.ask("here?"), "here?");
  for (const { socket } of refused) assert.equal(socket.readyState, socket.OPEN, "their backend may come back");
  for (const { socket } of [...refused, ...taken]) socket.terminate();
});

test("in a drain, who is refused by all the others is told so at once", async (t) => {
  const drained = await startEcho(t);
  const other = await startRaw(t, choosy);
  const fairlead = await start(t, drained.url, other.url, "10m");
  const client = await openWs(t, `${fairlead.url}/refused`);
  const body = JSON.stringify({ pool: "default", backend: drained.url, rate: 1_000 });
  const headers = { "content-type": "application/json" };
  const drains = `http://127.0.0.1:${fairlead.balancer.adminAddress?.port}/api/v1/drains`;
  assert.equal((await ask(t, drains, { method: "POST", headers }, body)).status, 201);
  assert.equal((await client.closed()).code, 1012);
});

test("while the other one is full the lost backend is tried again, too", async (t) => {
  const before = await startEcho(t, { name: "before" });
  const full = await startEcho(t, { name: "full" });
  const fairlead = await start(t, before.url, full.url, "10m", { maxConnections: 1 });
  const clients = await open(t, fairlead, 5);
  await before.kill();
  await until(() => full.sockets.size === 1, "one has found room");
  const after: EchoBackend = await startEcho(t, { name: "after", port: before.port });
  await until(() => after.sockets.size === 4, "the others come back");
  for (const { socket } of clients) assert.equal(socket.readyState, socket.OPEN);
});

test("a backend that takes every tunnel and drops it is left after a few dials, and the client told", async (t) => {
  const dropping = async (peer: RawPeer): Promise<void> => {
    peer.write(switchingHead(await peer.head()));
    peer.socket.end();
  };
  const [one, two] = [await startRaw(t, dropping), await startRaw(t, dropping)];
  const fairlead = await start(t, one.url, two.url, "10m");
  const client = await openWs(t, fairlead.url);
  assert.equal((await client.closed()).code, 1012);
  assert.ok(one.peers.length + two.peers.length <= 6, "the first one, and five more");
  await fairlead.idle();
});

test("a tunnel without a backend is shown as one, and what it has said in vain is counted", async (t) => {
  const one = await startEcho(t);
  const fairlead = await startBalancer(t, {
    backends: [one.url],
    admin: "127.0.0.1:0",
    tunnel: { rehome: { timeout: "10m" } },
  });
  const admin = `http://127.0.0.1:${fairlead.balancer.adminAddress?.port}`;
  const metrics = async () => (await ask(t, `${admin}/metrics`)).body.toString();
  const client = await openWs(t, fairlead.url);
  await one.kill();
  const pool = async () => (await fairlead.balancer.status()).pools[0];
  await until(async () => (await pool())?.rehoming === 1, "it has none");
  for (const text of ["one", "two", "three"]) client.socket.send(text);
  const api = async () => JSON.parse((await ask(t, `${admin}/api/v1/tunnels`)).body.toString()) as TunnelPage; // its own form
  const tunnelOf = async () => (await api()).tunnels[0];
  await until(async () => (await tunnelOf())?.fromClient.messages === 3, "its words wait");
  const { state, lost } = (await tunnelOf()) ?? {};
  assert.deepEqual([state, lost, (await pool())?.backends[0]?.open], ["rehoming", 0, 0]);
  assert.match(await metrics(), /fairlead_rehoming_tunnels\{pool="default"\} 1/);
  client.socket.close();
  await client.closed();
  const record = await fairlead.record(({ kind }) => kind === "tunnel");
  assert.deepEqual([record.lost, (await pool())?.rehoming], [3, 0]);
  assert.match(await metrics(), /fairlead_rehome_lost_messages_total\{pool="default"\} 3/);
});
