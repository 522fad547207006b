/** What operators do to an instance while clients are connected. */
import assert from "node:assert/strict";
import test from "node:test";

import type { Move, TunnelInfo } from "../../src/admin/index.ts";
import { startEcho, startEchoes, type EchoBackend } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { openWs, whose, type Client } from "../kit/clients.ts";
import { switchingHead } from "../kit/heads.ts";
import { startRaw } from "../kit/raw.ts";
import { until } from "../kit/until.ts";
import { apiOf, backendPath } from "./api.ts";
import { openInTurn, startFairlead } from "./command.ts";
import { startWith } from "./reload.ts";

const spread = (backends: readonly EchoBackend[]): number[] => backends.map(({ sockets }) => sockets.size);

/** The cookie that a client got; empty when it got none. */
const cookieOf = (client: Client | undefined): string =>
  (client?.answer?.headers["set-cookie"]?.[0] ?? "").replace(/;.*$/s, "");

/** Who of the clients is connected to a backend. */
const clientsOf = async (clients: readonly Client[], name: string): Promise<Client[]> => {
  const names = await Promise.all(clients.map(whose));
  return clients.filter((_, at) => names[at] === name);
};

test("backends are added, changed and removed at run time, survive a reload, and are named where the file overrules them", async (t) => {
  const backends = await startEchoes(t, 3);
  const [one = "", two = "", three = ""] = urlsOf(backends);
  const { fairlead, api, reload } = await startWith(t, { backends: [one, two] }, ["--workers", "2"]);
  const clients = await openInTurn(t, fairlead.url, 4);
  const added = await api.ask<{ name: string; weight: number }>("POST", "pools/default/backends", { url: three });
  assert.deepEqual([added.name, added.weight], [three, 1]);
  assert.equal((await api.refused("POST", "pools/default/backends", { url: three })).status, 409);
  assert.equal((await api.refused("PATCH", backendPath("ws://127.0.0.1:1"), { weight: 2 })).status, 404);
  assert.equal((await api.refused("PATCH", backendPath(one), { weight: -2 })).status, 422);
  clients.push(...(await openInTurn(t, fairlead.url, 2)));
  assert.deepEqual(spread(backends), [2, 2, 2]);
  await api.ask("PATCH", backendPath(two), { weight: 4 });
  clients.push(...(await openInTurn(t, fairlead.url, 6)));
  assert.deepEqual(spread(backends), [2, 8, 2]);

  const kept = await reload({ backends: [one, two], drain: "3s" });
  assert.deepEqual([kept.outcome, kept.overruled], ["reloaded", []]);
  assert.deepEqual([(await api.backend(two)).weight, (await api.backend(three)).weight], [4, 1]);
  const lost = await reload({ backends: [one, { url: two, weight: 2 }], drain: "3s" });
  assert.deepEqual(lost.overruled.length, 1);
  assert.match(lost.overruled[0] ?? "", /weight 4, set at run time; the file now says 2/);
  assert.equal((await api.backend(two)).weight, 2);

  const move = await api.ask<Move>("DELETE", backendPath(three));
  assert.deepEqual([move.kind, move.backend, move.by], ["drain", three, "operator"]);
  assert.equal((await api.ended(move)).moved, 2);
  await until(() => backends[2]?.sockets.size === 0, "it has none any more");
  assert.equal((await api.refused("GET", backendPath(three))).status, 404);
  assert.equal((await reload({ backends: [one, { url: two, weight: 2 }] })).overruled.length, 0);
  await api.ask("DELETE", backendPath(one));
  const last = await api.refused("DELETE", backendPath(two));
  assert.deepEqual([last.status, last.code], [409, "CONFLICT"]);
  const types = new Set((await api.events()).map(({ type }) => type));
  for (const type of ["backend-added", "backend-changed", "backend-removed", "move-started", "move-ended", "reloaded"])
    assert.ok(types.has(type), type);
});

for (const workers of ["1", "2"]) {
  test(`a drain keeps its rate, ends with 1012, and nobody comes back there until it is undrained (${workers} workers)`, async (t) => {
    const backends = await startEchoes(t, 2);
    const [one = "", two = ""] = urlsOf(backends);
    const args = [one, two, "--workers", workers, "--affinity", "cookie"];
    const fairlead = await startFairlead(t, args);
    const api = apiOf(fairlead);
    const clients = await openInTurn(t, fairlead.url, 40);
    const [some] = await clientsOf(clients, "one");
    const cookie = cookieOf(some);
    const begun = performance.now();
    const ends: number[] = [];
    for (const { socket } of clients) socket.once("close", () => ends.push(performance.now() - begun));
    const body = { pool: "default", backend: one, rate: 10, jitter: 0 };
    const move = await api.ask<Move>("POST", "drains", body);
    assert.deepEqual([move.state, move.total, move.rate], ["running", 20, 10]);
    assert.equal((await api.backend(one)).state, "draining");
    const again = await openWs(t, fairlead.url, { headers: { Cookie: cookie } });
    assert.equal(await whose(again), "two", "affinity does not lead there");
    assert.match(cookieOf(again), /^fairlead=./);
    assert.notEqual(cookieOf(again), cookie, "the cookie is renewed");
    const ended = await api.ended(move);
    assert.deepEqual([ended.state, ended.moved, ended.left], ["done", 20, 0]);
    await until(() => ends.length === 20, "20 have ended");
    assert.ok((ends.at(-1) ?? 0) > 1_500, `they ended at ${ends.map(Math.round).join(", ")}`);
    for (const client of clients)
      if (client.socket.readyState === client.socket.CLOSED) assert.equal((await client.closed()).code, 1012);
    await api.ask("PATCH", backendPath(one), { state: "active" });
    assert.equal(await whose(await openWs(t, fairlead.url)), "one");
    const metrics = await (await fetch(`${fairlead.admin}/metrics`)).text();
    assert.match(metrics, /fairlead_\w*moved\w*\{[^}]*kind="drain"[^}]*\} 20/);
    await until(
      async () => (await api.history()).some(({ closeCodes }) => (closeCodes["1012"] ?? 0) > 0),
      "history has it",
    );
  });
}

test("a drain waits for tunnels that are silent, and ends what is left at its deadline; cancelled, it stops", async (t) => {
  const backends = await startEchoes(t, 2);
  const [one = "", two = ""] = urlsOf(backends);
  const fairlead = await startFairlead(t, [one, two, "--workers", "2"]);
  const api = apiOf(fairlead);
  const clients = await openInTurn(t, fairlead.url, 8);
  const ofOne = await clientsOf(clients, "one");
  const [busy, ...silent] = ofOne;
  assert.ok(busy);
  const talk = setInterval(() => busy.socket.send("busy"), 50);
  t.after(() => clearInterval(talk));
  const drain = { pool: "default", backend: one, rate: 100, waitIdle: "3s" };
  const first = await api.ask<Move>("POST", "drains", { ...drain, deadline: "1h" });
  await Promise.all(silent.map((client) => client.closed()));
  assert.equal(busy.socket.readyState, busy.socket.OPEN);
  await until(async () => (await api.ask<Move>("GET", `drains/${first.id}`)).left === 1, "they have left");
  const cancelled = await api.ask<Move>("DELETE", `drains/${first.id}`);
  assert.deepEqual([cancelled.state, cancelled.moved, cancelled.left], ["cancelled", 3, 1]);
  assert.equal((await api.refused("DELETE", `drains/${first.id}`)).status, 409);
  assert.equal((await api.backend(one)).state, "draining", "it gets nothing new all the same");
  const second = await api.ask<Move>("POST", "drains", { ...drain, deadline: "1s" });
  assert.equal((await busy.closed()).code, 1012);
  const ended = await api.ended(second);
  assert.deepEqual([ended.state, ended.moved], ["deadline", 1]);
  const again = await api.ask<Move>("POST", "drains", drain);
  assert.deepEqual([(await api.ended(again)).state, again.total], ["done", 0]);
});

test("a tunnel that opens after its backend's drain began is ended by it", async (t) => {
  const two = await startEcho(t, { name: "two" });
  const slow = await startRaw(t);
  const one = `ws://127.0.0.1:${slow.port}`;
  const fairlead = await startFairlead(t, [one, two.url, "--workers", "1", "--balance", "round-robin"]);
  const api = apiOf(fairlead);
  // Whose turn it is first is not said: one of two comes to the slow one.
  const openings = [openWs(t, fairlead.url), openWs(t, fairlead.url)];
  await until(() => slow.peers.length === 1, "a handshake is under way");
  const [peer] = slow.peers;
  assert.ok(peer);
  const request = await peer.head();
  const move = await api.ask<Move>("POST", "drains", { pool: "default", backend: one });
  assert.equal(move.state, "running");
  peer.write(switchingHead(request));
  const codes = openings.map(async (opening) => (await (await opening).closed()).code);
  assert.equal(await Promise.race(codes), 1012);
  assert.deepEqual([(await api.ended(move)).moved], [1]);
});

for (const affinity of ["none", "cookie"]) {
  test(`after a scale-out a rebalance moves the surplus and nothing else, and clients do not come back to where they were (affinity ${affinity})`, async (t) => {
    const backends = await startEchoes(t, 3);
    const [one = "", two = "", three = ""] = urlsOf(backends);
    const fairlead = await startFairlead(t, [one, two, "--workers", "2", "--affinity", affinity]);
    const api = apiOf(fairlead);
    const clients = await openInTurn(t, fairlead.url, 30);
    await api.ask("POST", "pools/default/backends", { url: three });
    // Clients come back as browsers do, with their cookie.
    let back = 0;
    for (const client of clients) {
      const cookie = cookieOf(client);
      client.socket.once("close", (code) => {
        if (code !== 1012) return;
        void openWs(t, fairlead.url, { headers: { Cookie: cookie } }).then(() => (back += 1));
      });
    }
    const young = await api.ask<Move>("POST", "rebalances", { pool: "default", perMinute: 6_000, minAge: "1h" });
    assert.equal(young.state, "running");
    assert.equal((await api.refused("POST", "rebalances", { pool: "default" })).status, 409);
    assert.equal((await api.ask<Move>("DELETE", `rebalances/${young.id}`)).moved, 0);
    const move = await api.ask<Move>("POST", "rebalances", { pool: "default", perMinute: 600, minAge: "1ms" });
    const ended = await api.ended(move);
    assert.deepEqual([ended.state, ended.left, ended.slowedBy], ["done", 0, null]);
    await until(() => back === ended.moved, "all that were moved are back");
    const loads = spread(backends);
    assert.equal(
      loads.reduce((sum, load) => sum + load, 0),
      30,
    );
    for (const load of loads) assert.ok(Math.abs(load - 10) <= 1, `the backends have ${loads.join("/")}`);
    assert.ok(ended.moved >= 9 && ended.moved <= 10, `${ended.moved} were moved`);
  });
}

test("pinned tunnels are shown as such and never rebalanced", async (t) => {
  const backends = await startEchoes(t, 2);
  const [one = "", two = ""] = urlsOf(backends);
  const pins = await startRaw(t, async (peer) => {
    peer.write(switchingHead(await peer.head(), { "Fairlead-Pin": "1" }));
  });
  const pinning = `ws://127.0.0.1:${pins.port}`;
  const fairlead = await startFairlead(t, [pinning, "--workers", "2"]);
  const api = apiOf(fairlead);
  const clients = await openInTurn(t, fairlead.url, 6);
  assert.ok((await api.tunnels()).tunnels.every(({ pinned }) => pinned));
  for (const url of [one, two]) await api.ask("POST", "pools/default/backends", { url });
  const move = await api.ask<Move>("POST", "rebalances", { pool: "default", perMinute: 60, minAge: "1ms" });
  let most = 0;
  await until(async () => {
    const { left } = await api.get<Move>(`rebalances/${move.id}`);
    most = Math.max(most, left);
    return left <= most - 2;
  }, "it has tried to move two of them");
  assert.equal((await api.ask<Move>("DELETE", `rebalances/${move.id}`)).moved, 0);
  for (const { socket } of clients) assert.equal(socket.readyState, socket.OPEN);
  assert.ok((await api.tunnels()).tunnels.every(({ state }) => state === "open"));
});

test("tunnels of both workers are listed in one order, page by page, and ended by filter", async (t) => {
  const backends = await startEchoes(t, 2);
  const [one = "", two = ""] = urlsOf(backends);
  const fairlead = await startFairlead(t, [one, two, "--workers", "2"]);
  const api = apiOf(fairlead);
  const clients = await openInTurn(t, fairlead.url, 12);
  for (const [at, client] of clients.entries())
    for (let sent = 0; sent <= at; sent += 1) await client.ask("x".repeat(at + 1));
  const all = await api.tunnels("?sort=-messages");
  assert.deepEqual([all.total, all.offset, new Set(all.tunnels.map(({ worker }) => worker)).size], [12, 0, 2]);
  assert.deepEqual(
    all.tunnels.map(({ fromClient }) => fromClient.messages),
    [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
  );
  const pages: TunnelInfo[] = [];
  for (let offset = 0; offset < 15; offset += 5) {
    const page = await api.tunnels(`?sort=-messages&offset=${offset}&limit=5`);
    assert.deepEqual([page.total, page.offset], [12, offset]);
    pages.push(...page.tunnels);
  }
  assert.deepEqual(
    pages.map(({ id }) => id),
    all.tunnels.map(({ id }) => id),
  );
  const [oldest] = (await api.tunnels("?sort=-age&limit=1")).tunnels;
  const [first] = pages;
  assert.ok(first && oldest && oldest.ageMs >= first.ageMs);
  assert.equal((await api.get<TunnelInfo>(`tunnels/${first.id}`)).fromBackend.messages, 12);
  const ofOne = await api.tunnels(`?backend=${encodeURIComponent(one)}`);
  assert.equal(ofOne.total, 6);
  assert.equal((await api.tunnels("?minAge=1h")).total, 0);
  assert.equal((await api.tunnels("?minIdle=1h")).total, 0);
  assert.equal((await api.tunnels("?client=127.0.0.1&route=default&pool=default")).total, 12);

  assert.equal((await api.refused("DELETE", "tunnels")).status, 422);
  assert.deepEqual(await api.ask("DELETE", `tunnels?backend=${encodeURIComponent(one)}`), { ended: 6 });
  await until(() => backends[0]?.sockets.size === 0, "they have ended");
  const closed = clients.filter(({ socket }) => socket.readyState !== socket.OPEN);
  for (const client of closed) assert.equal((await client.closed()).code, 1012);
  const left = (await api.tunnels()).tunnels[0];
  assert.deepEqual(await api.ask("DELETE", `tunnels/${left?.id}`), { ended: 1 });
  assert.equal((await api.refused("DELETE", `tunnels/${left?.id}`)).status, 404);
  const ends = (await api.events()).filter(({ type }) => type === "tunnels-ended");
  assert.deepEqual(
    ends.map(({ count, message }) => [count, message]),
    [
      [6, "6 tunnels were ended by an operator"],
      [1, "1 tunnel was ended by an operator"],
      [0, "0 tunnels were ended by an operator"],
    ],
  );
});
