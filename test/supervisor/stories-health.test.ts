/** Health is one truth: what one worker sees, all workers know. */
import assert from "node:assert/strict";
import test from "node:test";

import type { AdminEvent } from "../../src/admin/index.ts";
import { startEcho } from "../kit/backends.ts";
import { openWs, whose } from "../kit/clients.ts";
import { until } from "../kit/until.ts";
import { apiOf, backendPath } from "./api.ts";
import { configFile, startFairlead } from "./command.ts";

test("a failure that one worker sees makes the backend unhealthy for all, and a probe brings it back", async (t) => {
  const [one, two] = await Promise.all(["one", "two"].map((name) => startEcho(t, { name })));
  assert.ok(one && two);
  const health = { failureThreshold: 1, cooldown: "100ms", maxCooldown: "200ms" };
  const pool = { backends: [one.url, two.url], balance: "round-robin", health };
  const file = configFile(t, { pools: { default: pool } });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "2"]);
  const stateOf = async (url: string) => (await fairlead.status()).pools[0]?.backends.find(({ name }) => name === url);
  await one.kill();
  // One dial, by whichever worker, is enough.
  while (!fairlead.logged().some(({ msg }) => msg === "backend is unhealthy")) {
    assert.equal(await whose(await openWs(t, fairlead.url)), "two");
  }
  const line = await fairlead.log("backend is unhealthy");
  assert.equal(line["backend"], one.url);
  assert.equal(line["reason"], "it could not be connected to");
  assert.notEqual((await stateOf(one.url))?.health, "healthy");
  const dials = (await stateOf(one.url))?.failures;
  for (let at = 0; at < 8; at += 1) assert.equal(await whose(await openWs(t, fairlead.url)), "two");
  assert.equal((await stateOf(one.url))?.failures, dials, "no worker tried it again");
  await startEcho(t, { name: "one again", port: one.port });
  await fairlead.log("backend is healthy again");
  assert.equal((await stateOf(one.url))?.health, "healthy");
  await until(async () => (await whose(await openWs(t, fairlead.url))) === "one again", "it is used again");
});

test("the loss of a backend with many tunnels is one event, and so are those that have got another one", async (t) => {
  const [doomed, other] = await Promise.all(["doomed", "other"].map((name) => startEcho(t, { name })));
  assert.ok(doomed && other);
  const file = configFile(t, {
    pools: { default: { backends: [doomed.url, { url: other.url, state: "draining" }] } },
    routes: [{ name: "stays", match: { path: "/stays" }, pool: "default", tunnel: { rehome: "on" } }],
  });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "2", "--admin", "127.0.0.1:0"]);
  const api = apiOf(fairlead);
  const open = (path: string) => Promise.all(Array.from({ length: 40 }, () => openWs(t, `${fairlead.url}${path}`)));
  const stay = await open("/stays");
  const go = await open("/goes");
  await api.ask("PATCH", backendPath(other.url), { state: "active" });
  await doomed.kill();
  for (const client of go) assert.equal((await client.closed()).code, 1012);
  for (const client of stay) assert.equal(await whose(client), "other");
  const told = async (type: string): Promise<AdminEvent | undefined> =>
    (await api.events()).find((event) => event.type === type);
  await until(async () => (await told("tunnels-lost")) !== undefined, "the loss is told");
  const { message } = (await told("tunnels-lost")) ?? {};
  assert.match(message ?? "", new RegExp(`^[1-4][0-9] tunnels were lost with ${doomed.url}$`));
  await until(async () => (await told("tunnels-rehomed")) !== undefined, "the re-homings are told");
  const rehomed = await told("tunnels-rehomed");
  assert.match(rehomed?.message ?? "", /^[1-4][0-9] re-homings in pool default \(backend-vanished\): /);
  for (const { type, message: words } of [await told("tunnels-lost"), rehomed].filter((event) => event !== undefined)) {
    const lines = fairlead.logged().filter(({ msg }) => msg === words);
    assert.deepEqual(
      lines.map((line) => line["type"]),
      [type],
      "and each is in the log, once",
    );
  }
});
