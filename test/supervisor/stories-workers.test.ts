/** Workers that are killed, replaced, broken or orphaned. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import test from "node:test";

import type { Move, TunnelInfo } from "../../src/admin/index.ts";
import { startEcho, startEchoes } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs } from "../kit/clients.ts";
import { upgradeHead } from "../kit/heads.ts";
import { rawConnect } from "../kit/raw.ts";
import type { RawPeer } from "../kit/raw.ts";
import { until, within } from "../kit/until.ts";
import { apiOf } from "./api.ts";
import { gone, isAlive, openInTurn, startFairlead, storm, temporaryFolder } from "./command.ts";

test("a worker that is killed costs its own tunnels only; what it had is given back, and it is replaced", async (t) => {
  const backends = await startEchoes(t, 2);
  const fairlead = await startFairlead(t, [...urlsOf(backends), "--workers", "2"]);
  const clients = await openInTurn(t, fairlead.url, 8);
  await fairlead.tunnels(clients.length);
  const [victim] = (await fairlead.status()).workers.toSorted((one, other) => other.tunnels - one.tunnels);
  assert.ok(victim);
  const lost = victim.tunnels;
  process.kill(victim.pid, "SIGKILL");
  const line = await fairlead.log("worker ended unexpectedly and is replaced; its tunnels are lost");
  assert.equal(line["reason"], "SIGKILL");
  await until(
    () => clients.filter(({ socket }) => socket.readyState === socket.CLOSED).length === lost,
    "its clients are gone",
  );
  const rest = clients.filter(({ socket }) => socket.readyState === socket.OPEN);
  assert.equal(rest.length, 8 - lost);
  for (const client of rest) assert.equal(await client.ask("still here"), "still here");
  await until(
    async () => (await fairlead.workers()).filter((pid) => pid !== victim.pid).length === 2,
    "it is replaced",
  );
  const loads = async () => (await fairlead.status()).pools[0]?.backends.map(({ load }) => load) ?? [];
  assert.equal(
    (await loads()).reduce((sum, load) => sum + load),
    8 - lost,
  );
  await openInTurn(t, fairlead.url, lost);
  assert.deepEqual(await loads(), [4, 4]);
});

test("workers replaced one after the other lose no connection in a storm of them", async (t) => {
  const backends = await startEchoes(t, 2);
  const fairlead = await startFairlead(t, [...urlsOf(backends), "--workers", "2", "--drain", "5s"]);
  const bystander = await openWs(t, fairlead.url);
  const clients = storm(t, fairlead.url, 8);
  for (const worker of await fairlead.workers()) {
    process.kill(worker, "SIGTERM");
    await until(() => !isAlive(worker), `worker ${worker} has gone`);
  }
  assert.ok((await clients.stop()) > 20);
  assert.equal((await bystander.closed()).code, 1012, "its worker was drained");
  assert.equal((await fairlead.workers()).length, 2);
  assert.deepEqual(
    fairlead.logged().filter(({ level }) => level === "error"),
    [],
  );
});

test("a connection that a worker had before it was replaced, and whose handshake comes after, is served as any other", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2"]);
  const waiting: RawPeer[] = [];
  const connectOne = async (): Promise<boolean> => {
    waiting.push(await rawConnect(t, fairlead.port));
    return (await fairlead.status()).workers.every(({ connections }) => connections > 0);
  };
  await until(connectOne, "each worker has one");
  const [leaving = 0] = await fairlead.workers();
  process.kill(leaving, "SIGTERM");
  await until(async () => (await fairlead.workers()).length === 3, "its successor serves");
  for (const peer of waiting) {
    peer.write(upgradeHead());
    assert.equal((await peer.head()).status, 101);
  }
});

test("totals outlive the workers that counted them: all when one is replaced, those it had told when one crashes", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2", "--drain", "1ms"]);
  const totals = async () => {
    const one = (await fairlead.status()).pools[0]?.backends[0];
    return [one?.tunnels, one?.requests, one?.failures, one?.open];
  };
  const ask = async (): Promise<void> => void (await (await fetch(`http://127.0.0.1:${fairlead.port}/`)).text());
  for (const client of await openInTurn(t, fairlead.url, 4)) await client.bye();
  for (let count = 0; count < 3; count += 1) await ask();
  await fairlead.tunnels(0);
  const [first = 0, second = 0] = await fairlead.workers();
  const clients = await openInTurn(t, fairlead.url, 2);
  process.kill(first, "SIGTERM");
  await until(() => !isAlive(first), "it has gone");
  // Nobody had asked for what it counted since the two were opened: it told so at its end.
  const left = clients.filter(({ socket }) => socket.readyState === socket.OPEN).length;
  await fairlead.tunnels(left);
  assert.deepEqual(await totals(), [6, 3, 0, left]);
  process.kill(second, "SIGKILL");
  await fairlead.log("worker ended unexpectedly and is replaced; its tunnels are lost");
  await until(async () => (await fairlead.workers()).length === 2, "it is replaced");
  assert.deepEqual(await totals(), [6, 3, 0, 0]);
});

test("a worker that crashes at its start is not started again in a hot loop, and clients wait for one that serves", async (t) => {
  const folder = temporaryFolder(t);
  const crash = join(folder, "crash.cjs");
  const marker = join(folder, "now");
  writeFileSync(crash, `if (process.send && require("fs").existsSync(${JSON.stringify(marker)})) process.exit(7);`);
  const backend = await startEcho(t);
  const options = { NODE_OPTIONS: `--require=${crash}` };
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2"], options);
  writeFileSync(marker, "");
  const begun = performance.now();
  for (const worker of await fairlead.workers()) process.kill(worker, "SIGKILL");
  const deaths = () => fairlead.logged().filter(({ msg }) => msg.startsWith("worker ended unexpectedly"));
  await until(() => deaths().length >= 6, "two generations have crashed");
  assert.ok(performance.now() - begun > 1_000);
  const early = openWs(t, fairlead.url);
  writeFileSync(crash, "");
  assert.equal(await (await early).ask("at last"), "at last");
});

test("a connection that was on its way to a worker that is killed ends, and stays with nobody", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2"]);
  const ended = new Set<Promise<void>>();
  const ask = (): void => {
    const socket = connect(fairlead.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    lastly(t, () => void socket.destroy());
    socket.on("error", () => undefined);
    // An answer is as good an end as another: this client has got what it came for.
    socket.on("data", () => socket.destroy());
    ended.add(new Promise((resolve) => socket.once("close", () => resolve())));
  };
  for (let round = 0; round < 4; round += 1) {
    const [victim = 0] = await fairlead.workers();
    // It does not take what it is given any more, and dies with it.
    process.kill(victim, "SIGSTOP");
    for (let count = 0; count < 8; count += 1) ask();
    await until(async () => (await fairlead.workers()).length === 2, "both are still counted");
    process.kill(victim, "SIGKILL");
    await until(async () => !(await fairlead.workers()).includes(victim), "it is gone");
  }
  await within(Promise.all(ended), "every connection has an answer or an end");
});

test("no worker outlives a supervisor that is killed", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2"]);
  const client = await openWs(t, fairlead.url);
  const workers = await fairlead.workers();
  await fairlead.kill();
  await until(() => !workers.some(isAlive), "the workers are gone");
  await gone(client);
});

// By handles a worker that is frozen has accepted none of them; by streams it has been given one.
for (const [driver, served] of [
  ["handle", 6],
  ["stream", 5],
] as const) {
  test(`a worker that is frozen gets no more connections, and does not keep the status waiting (${driver})`, async (t) => {
    const backend = await startEcho(t);
    const fairlead = await startFairlead(t, [backend.url, "--workers", "2", "--socket-driver", driver]);
    const [frozen = 0] = await fairlead.workers();
    process.kill(frozen, "SIGSTOP");
    lastly(t, () => void (isAlive(frozen) && process.kill(frozen, "SIGCONT")));
    const opening = Array.from({ length: 6 }, () => openWs(t, fairlead.url));
    const open = (): number => backend.sockets.size;
    await until(() => open() === served, "all but what it was given are served");
    assert.equal((await fairlead.status()).workers.length, 2);
    process.kill(frozen, "SIGCONT");
    await Promise.all(opening);
    await until(async () => {
      await openWs(t, fairlead.url);
      return (await fairlead.status()).workers.every(({ tunnels }) => tunnels >= 6);
    }, "it gets its part again");
  });
}

/** What a worker's report says of V8's space for young objects: both halves of it, in bytes. */
const youngSpace = (folder: string): number => {
  const report = readdirSync(folder).find((name) => name.startsWith("report."));
  const text = report === undefined ? "" : readFileSync(join(folder, report), "utf8");
  return Number(/"new_space": *\{\s*"memorySize": *(\d+)/.exec(text)?.[1] ?? 0);
};

test("a worker's space for young objects stays small, as the single process's does", async (t) => {
  const backend = await startEcho(t);
  const folder = temporaryFolder(t);
  const env = { NODE_OPTIONS: `--report-on-signal --report-directory=${folder}` };
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2"], env);
  await openInTurn(t, fairlead.url, 20);
  const [worker = 0] = await fairlead.workers();
  process.kill(worker, "SIGUSR2");
  await until(() => youngSpace(folder) > 0, "its report");
  assert.ok(youngSpace(folder) <= 2 * 1024 * 1024, `${youngSpace(folder)} bytes`);
});

test("a drain is not over while a worker is frozen that has tunnels, and is when it has thawed and moved them", async (t) => {
  const backends = await startEchoes(t, 2);
  const [drained, other] = backends;
  assert.ok(drained && other);
  const fairlead = await startFairlead(t, [...urlsOf(backends), "--workers", "2", "--admin", "127.0.0.1:0"]);
  const api = apiOf(fairlead);
  const clients = await openInTurn(t, fairlead.url, 8);
  let there: readonly TunnelInfo[] = [];
  await until(async () => {
    clients.push(await openWs(t, fairlead.url));
    there = (await api.tunnels(`?backend=${encodeURIComponent(drained.url)}`)).tunnels;
    return new Set(there.map(({ worker }) => worker)).size === 2;
  }, "both workers have tunnels there");
  const { id, pid: frozen = 0 } = (await fairlead.status()).workers[0] ?? {};
  const held = there.filter(({ worker }) => worker === id).length;
  process.kill(frozen, "SIGSTOP");
  lastly(t, () => void (isAlive(frozen) && process.kill(frozen, "SIGCONT")));
  const move = await api.ask<Move>("POST", "drains", { pool: "default", backend: drained.url, rate: 1_000 });
  const look = (): Promise<Move> => api.get<Move>(`drains/${move.id}`);
  await until(() => drained.sockets.size === held, "those of the other worker have moved");
  await until(async () => (await look()).slowedBy === "a worker does not answer", "it is told why it waits");
  assert.equal((await look()).state, "running");
  process.kill(frozen, "SIGCONT");
  assert.equal((await api.ended(move)).state, "done");
  await until(() => drained.sockets.size === 0, "the last ones have moved");
  assert.equal(clients.filter(({ socket }) => socket.readyState === socket.OPEN).length, clients.length - there.length);
});
