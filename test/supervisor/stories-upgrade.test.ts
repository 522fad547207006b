/** A new process takes over: nobody is refused in between, and what is open ends at the old one's pace. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import test from "node:test";

import { startEcho } from "../kit/backends.ts";
import { openWs, whose } from "../kit/clients.ts";
import { upgradeHead } from "../kit/heads.ts";
import { rawConnect } from "../kit/raw.ts";
import { deadPort, isListening } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";
import { apiOf } from "./api.ts";
import { asFairlead, configFile, isAlive, openInTurn, runCommand, startFairlead, storm } from "./command.ts";
import type { Line } from "./command.ts";
import { killLastly, logLines, upgrade } from "./upgrading.ts";

for (const [workers, driver] of [
  ["1", "handle"],
  ["1", "stream"],
  ["2", "handle"],
  ["2", "stream"],
] as const) {
  test(`no client notices three upgrades in a row (${workers} workers, ${driver})`, async (t) => {
    const backend = await startEcho(t);
    const args = [backend.url, "--workers", workers, "--socket-driver", driver, "--drain", "5s"];
    const fairlead = await startFairlead(t, args);
    const staying = await openInTurn(t, fairlead.url, 6);
    const closed = Promise.all(
      staying.map(async (client) => ({ code: (await client.closed()).code, at: performance.now() })),
    );
    const clients = storm(t, fairlead.url, 8);
    let pid = fairlead.pid;
    for (let turn = 0; turn < 3; turn += 1) pid = await upgrade(t, fairlead, pid);
    const late = await openWs(t, fairlead.url);
    assert.ok((await clients.stop()) > 20);
    const ends = await closed;
    assert.deepEqual([...new Set(ends.map(({ code }) => code))], [1012]);
    const times = ends.map(({ at }) => at);
    assert.ok(Math.max(...times) - Math.min(...times) > 900, `they ended at ${times.map(Math.round).join(", ")}`);
    assert.equal(await fairlead.exit(), 0);
    // What has not drained yet does not answer at the admin API any more.
    assert.equal((await fetch(`${fairlead.admin}/readyz`)).status, 200);
    assert.equal(await late.ask("hello"), "hello");
    process.kill(pid, "SIGTERM");
    assert.equal((await late.closed()).code, 1012);
    await until(() => !isAlive(pid), "the last one has ended");
    assert.equal(await isListening(fairlead.port), false, "nobody has kept the address");
    const wrong = fairlead.logged().filter(({ level }) => level !== "info");
    assert.deepEqual(wrong, []);
  });
}

test("a new instance that fails leaves the old one as it was, and another attempt may succeed", async (t) => {
  const backend = await startEcho(t);
  const file = configFile(t, { backends: [backend.url], workers: 1, drain: "1ms" });
  const fairlead = await startFairlead(t, ["--config", file]);
  const client = await openWs(t, fairlead.url);
  const good = readFileSync(file, "utf8");
  for (const bad of [
    { backends: [backend.url], workers: "many" },
    { backends: [backend.url], balance: "fair" },
  ]) {
    const before = logLines(fairlead).length;
    writeFileSync(file, JSON.stringify(bad));
    fairlead.child.kill("SIGUSR2");
    const failed = (): Line | undefined =>
      logLines(fairlead)
        .slice(before)
        .find(({ code }) => code === "UPGRADE_FAILED");
    await until(() => failed() !== undefined, "it says that it failed");
    assert.match(failed()?.msg ?? "", /goes on: .*(workers|balance): .*CONFIG_INVALID/s);
    assert.equal(await client.ask("as before"), "as before");
    assert.equal((await fetch(`${fairlead.admin}/readyz`)).status, 200);
  }
  writeFileSync(file, good);
  const pid = await upgrade(t, fairlead, fairlead.pid);
  assert.equal((await client.closed()).code, 1012);
  assert.equal(await fairlead.exit(), 0);
  const done = (await apiOf(fairlead).events()).filter(({ type }) => type === "upgrade-done");
  assert.deepEqual(
    done.map((event) => [event.message, event["pid"]]),
    [[`process ${pid} has taken over`, pid]],
    "the new one has it among its events",
  );
  assert.ok(await isListening(fairlead.port));
});

test("while one upgrade is under way another is ignored, and SIGTERM ends both", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "1", "--drain", "1ms"]);
  const client = await openWs(t, fairlead.url);
  fairlead.child.kill("SIGUSR2");
  const { pid } = await fairlead.log("upgrade: a new instance is starting");
  killLastly(t, Number(pid));
  fairlead.child.kill("SIGUSR2");
  const ignored = await fairlead.log("the upgrade that was asked for is ignored");
  assert.equal(ignored["reason"], "an upgrade is under way");
  fairlead.child.kill("SIGTERM");
  assert.equal((await client.closed()).code, 1012);
  assert.equal(await fairlead.exit(), 0);
  await until(() => !isAlive(Number(pid)), "the new one has ended as well");
  assert.equal(await isListening(fairlead.port), false);
});

test("what has handed over ignores another upgrade, drains on at a first signal, and ends at a second", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "1", "--drain", "1m"]);
  const clients = await openInTurn(t, fairlead.url, 2);
  await upgrade(t, fairlead, fairlead.pid);
  fairlead.child.kill("SIGUSR2");
  const ignored = await fairlead.log("the upgrade that was asked for is ignored");
  assert.equal(ignored["reason"], "a new instance has taken over");
  fairlead.child.kill("SIGTERM");
  await fairlead.log("draining already; another signal ends everything at once");
  assert.ok(clients.some(({ socket }) => socket.readyState === socket.OPEN));
  fairlead.child.kill("SIGTERM");
  assert.equal(await fairlead.exit(), 3);
});

test("the new instance listens where its own configuration says, and nobody keeps what is gone from it", async (t) => {
  const backend = await startEcho(t);
  const [gone, kept, added] = [await deadPort(), await deadPort(), await deadPort()];
  const config = (ports: readonly number[]): string =>
    JSON.stringify({
      listen: ports.map((port) => `127.0.0.1:${port}`),
      backends: [backend.url],
      drain: "1ms",
      workers: 2,
      admin: "127.0.0.1:0",
      log: { format: "json" },
    });
  const file = configFile(t, {});
  writeFileSync(file, config([gone, kept]));
  const fairlead = await asFairlead(runCommand(t, ["--config", file]));
  writeFileSync(file, config([added, kept]));
  await upgrade(t, fairlead, fairlead.pid);
  assert.equal(await fairlead.exit(), 0);
  assert.equal(await isListening(gone), false);
  for (const port of [kept, added]) {
    const client = await openWs(t, `ws://127.0.0.1:${port}`);
    assert.equal(await client.ask("hello"), "hello");
  }
});

test("the new instance knows what the old one still has, and keeps to the cookies that it gave", async (t) => {
  const backends = [await startEcho(t, { name: "one" }), await startEcho(t, { name: "two" })];
  const urls = backends.map(({ url }) => url);
  const args = [...urls, "--workers", "1", "--drain", "1m", "--affinity", "cookie"];
  const fairlead = await startFairlead(t, args);
  const first = await openWs(t, fairlead.url);
  const cookie = String(first.answer?.headers["set-cookie"]).split(";")[0] ?? "";
  const name = await whose(first);
  // Those that stay are all on one backend.
  const others = [1, 2, 3].map(() => openWs(t, fairlead.url, { headers: { Cookie: cookie } }));
  for (const other of await Promise.all(others)) assert.equal(await whose(other), name);
  await upgrade(t, fairlead, fairlead.pid);
  const fresh = await openInTurn(t, fairlead.url, 2);
  for (const client of fresh) assert.notEqual(await whose(client), name);
  const back = await openWs(t, fairlead.url, { headers: { Cookie: cookie } });
  assert.equal(await whose(back), name);
});

for (const workers of ["1", "2"]) {
  test(`who had connected to the old one, and says what it wants later, is served as any other (${workers} workers)`, async (t) => {
    const backend = await startEcho(t);
    const fairlead = await startFairlead(t, [backend.url, "--workers", workers, "--drain", "1ms"]);
    const peers = await Promise.all(Array.from({ length: 4 }, () => rawConnect(t, fairlead.port)));
    await until(async () => (await fairlead.status()).connections === 4, "they have been accepted");
    await upgrade(t, fairlead, fairlead.pid);
    for (const peer of peers) peer.write(upgradeHead());
    for (const peer of peers) {
      assert.equal((await peer.head()).status, 101);
      await peer.expectClose(1012);
      peer.close(1012);
    }
    assert.equal(await fairlead.exit(), 0);
  });
}
