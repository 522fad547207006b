/** Workers that are killed, replaced, broken or orphaned. */
import assert from "node:assert/strict";
import { writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { startEcho, startEchoes } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { until } from "../kit/until.ts";
import { gone, isAlive, openInTurn, startFairlead, storm } from "./command.ts";

test("a worker that is killed costs its own tunnels only; what it had is given back, and it is replaced", async (t) => {
  const backends = await startEchoes(t, 2);
  const fairlead = await startFairlead(t, [...urlsOf(backends), "--workers", "2"]);
  const clients = await openInTurn(t, fairlead.url, 8);
  const [victim = 0] = await fairlead.workers();
  process.kill(victim, "SIGKILL");
  await fairlead.log("worker ended unexpectedly and is replaced; its tunnels are lost");
  await until(() => clients.filter(({ socket }) => socket.readyState === socket.CLOSED).length === 4, "half are gone");
  const rest = clients.filter(({ socket }) => socket.readyState === socket.OPEN);
  assert.equal(rest.length, 4);
  for (const client of rest) assert.equal(await client.ask("still here"), "still here");
  await until(async () => (await fairlead.workers()).filter((pid) => pid !== victim).length === 2, "it is replaced");
  const loads = async () => (await fairlead.status()).pools[0]?.backends.map(({ load }) => load) ?? [];
  assert.equal(
    (await loads()).reduce((sum, load) => sum + load),
    4,
  );
  await openInTurn(t, fairlead.url, 4);
  assert.deepEqual(await loads(), [4, 4]);
});

test("workers replaced one after the other lose no connection in a storm of them", async (t) => {
  const backends = await startEchoes(t, 2);
  const fairlead = await startFairlead(t, [...urlsOf(backends), "--workers", "2", "--drain", "1s"]);
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

test("a worker that crashes at its start is not started again in a hot loop, and clients wait for one that serves", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-crash-"));
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

test("no worker outlives a supervisor that is killed", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2"]);
  const client = await openWs(t, fairlead.url);
  const workers = await fairlead.workers();
  await fairlead.kill();
  await until(() => !workers.some(isAlive), "the workers are gone");
  await gone(client);
});

test("a worker that is frozen gets no more connections, and does not keep the status waiting", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2"]);
  const [frozen = 0] = await fairlead.workers();
  process.kill(frozen, "SIGSTOP");
  const opening = Array.from({ length: 6 }, () => openWs(t, fairlead.url));
  const open = (): number => backend.sockets.size;
  await until(() => open() === 5, "all but the one that it was given are served");
  assert.equal((await fairlead.status()).workers.length, 2);
  process.kill(frozen, "SIGCONT");
  await Promise.all(opening);
  await openInTurn(t, fairlead.url, 4);
  const workers = (await fairlead.status()).workers.map(({ tunnels }) => tunnels);
  assert.deepEqual(workers, [5, 5], "they are even again");
});
