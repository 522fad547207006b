/** What tunnels carry counts for all workers, when clients come and when they are moved. */
import assert from "node:assert/strict";
import test from "node:test";

import { startEchoes } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { openWs, whose } from "../kit/clients.ts";
import type { Move, TunnelInfo } from "../../src/admin/index.ts";
import { until } from "../kit/until.ts";
import { apiOf } from "./api.ts";
import { configFile, openInTurn, startFairlead } from "./command.ts";

test("a busy socket in one of three workers keeps the sockets of all workers away from its backend", async (t) => {
  const backends = await startEchoes(t, 2);
  const file = configFile(t, { backends: urlsOf(backends), balance: { method: "least-load", window: "2s" } });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "3"]);
  const busy = await openWs(t, fairlead.url);
  const home = await whose(busy);
  busy.socket.on("message", () => busy.socket.send("and again"));
  busy.socket.send("and again");
  // Each of these is taken for as busy as the mean until it is known to be quiet.
  await openInTurn(t, fairlead.url, 14);
  const workers = (await fairlead.status()).workers.map(({ tunnels }) => tunnels);
  assert.ok(Math.min(...workers) > 0, "every worker has to choose");
  await until(async () => {
    const others = await openInTurn(t, fairlead.url, 6);
    const names = await Promise.all(others.map(whose));
    await Promise.all(others.map((client) => client.bye()));
    await fairlead.tunnels(15);
    return !names.includes(home);
  }, "nobody goes where the busy one is");
});

const KIB = 1024;

test("after a scale-out a rebalance moves the busy sockets that make up the surplus, whichever workers have them, and no quiet one", async (t) => {
  const [first, second] = await startEchoes(t, 2);
  assert.ok(first && second);
  const chat = {
    backends: [first.url],
    balance: { method: "least-load", tunnel: 0 },
    // What they carry a second is not exact, as none is older than a moment; so two parts of three are fair enough.
    rebalance: { perMinute: 600, minAge: "1ms", tolerance: 0.95, interval: "500ms" },
  };
  const file = configFile(t, { pools: { chat }, defaultPool: "chat", tunnel: { rehome: "on" } });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "2"]);
  const api = apiOf(fairlead);
  const clients = await openInTurn(t, fairlead.url, 12);
  // Three are busy, and two of them together as much as the third.
  const busy = [30, 20, 10].map((part, at) => ({ client: clients[3 * at + 1], size: part * 16 * KIB }));
  for (const { client, size } of busy) {
    assert.ok(client);
    client.socket.send(Buffer.alloc(size));
    await client.next();
  }
  await api.ask("POST", "pools/chat/backends", { url: second.url });
  const begun = async (): Promise<Move | undefined> => (await api.get<Move[]>("rebalances"))[0];
  await until(async () => (await begun())?.state === "done", "the pool's own rebalance has begun and ended");
  const ended = await begun();
  assert.ok(ended);
  assert.equal(ended.evens, "carried");
  assert.deepEqual([ended.state, ended.left, ended.slowedBy], ["done", 0, null]);
  assert.ok(ended.moved === 1 || ended.moved === 2, `${ended.moved} were moved`);
  const { tunnels } = await api.tunnels();
  // Bytes a second: on a busy machine the last one was opened long after the first one.
  const carried = (own: readonly TunnelInfo[]): number =>
    own.reduce((sum, { fromClient, ageMs }) => sum + fromClient.bytes / ageMs, 0);
  const part = carried(tunnels.filter(({ backend }) => backend === second.url)) / carried(tunnels);
  assert.ok(part > 0.2 && part < 0.8, `the second one has ${part} of what they carry`);
  for (const { rehomed, fromClient } of tunnels) assert.ok(rehomed === 0 || fromClient.bytes > 10 * KIB);
  // Nobody has noticed.
  for (const client of clients) await whose(client);
});
