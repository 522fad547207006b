/** Who gets the next socket, seen from outside: each method with nothing but its name in the configuration. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { startEcho, startEchoes, type EchoBackend } from "../kit/backends.ts";
import { startBalancer, urlsOf } from "../kit/balancer.ts";
import { openWs, whose, type Client } from "../kit/clients.ts";
import { until } from "../kit/until.ts";

const openMany = async (t: TestContext, url: string, count: number): Promise<Client[]> => {
  const clients: Client[] = [];
  for (let at = 0; at < count; at += 1) clients.push(await openWs(t, url));
  return clients;
};

const spread = (backends: readonly EchoBackend[]): number[] => backends.map((backend) => backend.sockets.size);

for (const balance of ["round-robin", "weighted-round-robin", "least-connections", "least-load"] as const) {
  test(`six sockets on three backends are 2/2/2 under ${balance}`, async (t) => {
    const backends = await startEchoes(t, 3);
    const fairlead = await startBalancer(t, { backends: urlsOf(backends), balance });
    await openMany(t, fairlead.url, 6);
    assert.deepEqual(spread(backends), [2, 2, 2]);
  });
}

for (const balance of ["random", "two-choices", "fastest", "hash"] as const) {
  test(`sockets open and echo under ${balance}`, async (t) => {
    const backends = await startEchoes(t, 3);
    const fairlead = await startBalancer(t, { backends: urlsOf(backends), balance });
    const clients = await openMany(t, fairlead.url, 12);
    for (const client of clients) assert.equal(await client.ask("hello"), "hello");
    assert.equal(
      spread(backends).reduce((sum, count) => sum + count),
      12,
    );
  });
}

test("least connections remembers the sockets that are open: after four are gone from one backend, the next four go there", async (t) => {
  const backends = await startEchoes(t, 2);
  const fairlead = await startBalancer(t, { backends: urlsOf(backends) });
  const clients = await openMany(t, fairlead.url, 8);
  assert.deepEqual(spread(backends), [4, 4]);
  const names = await Promise.all(clients.map(whose));
  await Promise.all(clients.filter((_, at) => names[at] === "one").map((client) => client.bye()));
  await until(() => fairlead.records.length === 4, "they are gone");
  await openMany(t, fairlead.url, 4);
  assert.deepEqual(spread(backends), [4, 4]);
});

test("weights are kept by every method that takes them", async (t) => {
  for (const balance of ["weighted-round-robin", "least-connections"] as const) {
    const backends = await startEchoes(t, 2);
    const [heavy, light] = backends;
    assert.ok(heavy && light);
    const fairlead = await startBalancer(t, { backends: [{ url: heavy.url, weight: 3 }, light.url], balance });
    await openMany(t, fairlead.url, 8);
    assert.deepEqual(spread(backends), [6, 2], balance);
  }
});

test("sockets and plain requests are balanced together", async (t) => {
  const backends = await startEchoes(t, 2);
  const fairlead = await startBalancer(t, { backends: urlsOf(backends), balance: "round-robin" });
  const names: string[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    names.push(await whose(await openWs(t, fairlead.url)));
    names.push(await (await fetch(`${fairlead.origin}/who`)).text());
  }
  assert.equal(names.filter((name) => name === "one").length, 4);
});

test("routes lead by host, path and header to pools, most specific first", async (t) => {
  const [chat, game, beta, rest] = await Promise.all(
    ["chat", "game", "beta", "rest"].map((name) => startEcho(t, { name })),
  );
  assert.ok(chat && game && beta && rest);
  const fairlead = await startBalancer(t, {
    pools: {
      chat: { backends: [chat.url] },
      game: { backends: [game.url] },
      beta: { backends: [beta.url] },
      rest: { backends: [rest.url] },
    },
    routes: [
      { name: "by-path", match: { path: "/chat" }, pool: "chat" },
      { name: "by-pattern", match: { path: { regex: "^/game-[0-9]+$" } }, pool: "game" },
      { name: "by-path-and-header", match: { path: "/chat", headers: { "x-beta": "yes" } }, pool: "beta" },
      { name: "by-host", match: { host: "*.games.test" }, pool: "game" },
    ],
    defaultPool: "rest",
  });
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
    const client = await openWs(t, `${fairlead.url}${path}`, { headers });
    return whose(client);
  };
  assert.equal(await ask("/chat/room/1"), "chat");
  assert.equal(await ask("/chatter"), "rest");
  assert.equal(await ask("/game-12"), "game");
  assert.equal(await ask("/game-x"), "rest");
  assert.equal(await ask("/chat", { "X-Beta": "yes" }), "beta");
  assert.equal(await ask("/chat", { Host: "a.games.test" }), "game");
  assert.equal(await ask("/", { Host: "A.Games.Test:8080" }), "game");
});
