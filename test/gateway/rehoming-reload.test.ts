/** What becomes of the search for another backend when another configuration comes in force meanwhile. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { ConfigInput } from "../../src/index.ts";
import { startEcho } from "../kit/backends.ts";
import { startBalancer, type Harbour } from "../kit/balancer.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { openWs, type Client } from "../kit/clients.ts";
import { until } from "../kit/until.ts";

type Pool = NonNullable<ConfigInput["pools"]>[string];

/** The first backend is always taken as long as it is there; nobody is left alone for having failed. */
const poolOf = ([first = "", ...others]: readonly string[], tls: Pool["tls"] = {}): Pool => ({
  backends: [{ url: first, weight: 1_000 }, ...others.map((url) => ({ url, weight: 0.000_001 }))],
  balance: "random",
  health: { failureThreshold: 1_000 },
  tls,
});

const configOf = (pools: Readonly<Record<string, Pool>>, more: ConfigInput = {}): ConfigInput => ({
  listen: "127.0.0.1:0",
  pools,
  defaultPool: Object.keys(pools)[0] ?? "",
  tunnel: { rehome: { timeout: "10m" } },
  ...more,
});

interface Searching {
  readonly fairlead: Harbour;
  readonly client: Client;
  readonly lost: string;
}

/** A tunnel of the pool `chat` has lost its backend, and looks for another one. */
const search = async (t: TestContext, others: readonly string[] = []): Promise<Searching> => {
  const doomed = await startEcho(t);
  const fairlead = await startBalancer(t, configOf({ chat: poolOf([doomed.url, ...others]) }));
  const client = await openWs(t, fairlead.url);
  await doomed.kill();
  await until(async () => (await fairlead.balancer.status()).pools[0]?.rehoming === 1, "it has none");
  return { fairlead, client, lost: doomed.url };
};

test("it goes on by how the pool's backends are reached from then on", async (t) => {
  const secure = await startEcho(t, { tls: certificateFor(["127.0.0.1"]) });
  const { fairlead, client, lost } = await search(t, [secure.url]);
  const failures = async () => (await fairlead.balancer.status()).pools[0]?.backends[1]?.failures ?? 0;
  await until(async () => (await failures()) > 0, "nobody knows who has signed its certificate");
  await fairlead.balancer.reload(configOf({ chat: poolOf([lost, secure.url], { ca: authority().certFile }) }));
  await until(() => secure.sockets.size === 1, "it is known now");
  assert.equal(await client.ask("here?"), "here?");
  await client.bye();
});

test("it goes on by the options that the tunnel began with, without its route, and finds backends that are new", async (t) => {
  const other = await startEcho(t);
  const { fairlead, client, lost } = await search(t);
  const next = { chat: poolOf([lost, other.url]), rest: poolOf([lost]) };
  const routes = [{ name: "chat", match: { path: "/chat" }, pool: "chat" }];
  await fairlead.balancer.reload(configOf(next, { defaultPool: "rest", routes, tunnel: { rehome: "off" } }));
  await until(() => other.sockets.size === 1, "it is there");
  assert.equal(await client.ask("here?"), "here?");
  await client.bye();
});

test("it ends with its pool, and the client is told at once", async (t) => {
  const other = await startEcho(t);
  const { fairlead, client } = await search(t);
  await fairlead.balancer.reload(configOf({ rest: poolOf([other.url]) }));
  assert.equal((await client.closed()).code, 1012);
  assert.equal(other.handshakes.length, 0);
  await fairlead.idle();
});

test("it ends with its pool also where there is another one of its name by the time that it dials again", async (t) => {
  const other = await startEcho(t);
  const { fairlead, client } = await search(t);
  await fairlead.balancer.reload(configOf({ rest: poolOf([other.url]) }));
  await fairlead.balancer.reload(configOf({ chat: poolOf([other.url]) }));
  assert.equal((await client.closed()).code, 1012);
  assert.equal(other.handshakes.length, 0);
  await fairlead.idle();
});
