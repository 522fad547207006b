/** A process that runs out of room says so, goes on, and recovers. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import test, { type TestContext } from "node:test";

import { startEcho } from "../kit/backends.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, refusedWs, type Client } from "../kit/clients.ts";
import { runProgram } from "../kit/processes.ts";
import { until } from "../kit/until.ts";
import { asFairlead, configFile, openInTurn, startFairlead, type Fairlead } from "./command.ts";

const COMMAND = fileURLToPath(new URL("../../bin/fairlead.cjs", import.meta.url));
const DESCRIPTORS = 256;

/** fairlead where a process may open few files. */
const startNarrow = (t: TestContext, backend: string, workers: number): Promise<Fairlead> => {
  const args = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json"];
  const command = `ulimit -n ${DESCRIPTORS}; exec "$@"`;
  const serve = [process.execPath, COMMAND, "serve", backend, ...args, "--workers", String(workers)];
  return asFairlead(runProgram(t, "sh", ["-c", command, "sh", ...serve]));
};

const stillThere = async (tunnels: readonly Client[]): Promise<void> => {
  for (const tunnel of tunnels) assert.equal(await tunnel.ask("still here"), "still here");
};

for (const workers of [1, 2]) {
  test(`more tunnels than descriptors allow get 503, and those that are open are not touched (${workers} workers)`, async (t) => {
    const backend = await startEcho(t);
    const fairlead = await startNarrow(t, backend.url, workers);
    const { maxTunnels, descriptors, workers: each } = await fairlead.status();
    assert.equal(descriptors, DESCRIPTORS);
    assert.ok(maxTunnels !== null && maxTunnels > 50 * workers && 2 * maxTunnels < DESCRIPTORS * workers);
    assert.deepEqual(new Set(each.map((worker) => worker.maxTunnels)), new Set([maxTunnels / workers]));
    assert.ok(fairlead.lines.some((line) => line.includes(`room for ${maxTunnels} tunnels`)));
    assert.ok(fairlead.lines.some((line) => line.includes("raise it with")));

    const tunnels = await openInTurn(t, fairlead.url, maxTunnels);
    for (let at = 0; at < 5; at += 1) {
      const { status, headers, body } = await refusedWs(t, fairlead.url);
      assert.equal(status, 503);
      assert.match(headers["retry-after"] ?? "", /^[1-5]$/);
      assert.equal(body, "There is no room for another socket.\n");
    }
    const { refusedTunnels, refusedConnections } = await fairlead.status();
    assert.deepEqual([refusedTunnels, refusedConnections], [5, 0]);
    await until(() => fairlead.logged().filter((line) => line["error"] === "NO_ROOM").length === 5, "5 records");
    assert.ok((await fairlead.log("there is no room for another tunnel"))["handshakes"]);

    await Promise.all(tunnels.splice(7, 3).map((tunnel) => tunnel.bye()));
    await fairlead.tunnels(maxTunnels - 3);
    tunnels.push(...(await openInTurn(t, fairlead.url, 3)));
    assert.equal((await refusedWs(t, fairlead.url)).status, 503);
    await stillThere(tunnels);
    assert.ok(!fairlead.logged().some(({ level }) => level === "error"));
    await Promise.all(tunnels.map((tunnel) => tunnel.bye()));
    await fairlead.tunnels(0);
  });

  test(`a crowd that says nothing is turned away where it would take the last descriptors, and forgotten when it goes (${workers} workers)`, async (t) => {
    const backend = await startEcho(t);
    const fairlead = await startNarrow(t, backend.url, workers);
    const tunnels = await openInTurn(t, fairlead.url, 4);
    const crowd: Socket[] = [];
    const told: string[] = [];
    // Slower than all of them could come: in a rush the supervisor would turn them away.
    while (told.length === 0) {
      const socket = connect(fairlead.port, "127.0.0.1");
      lastly(t, () => void socket.destroy());
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => told.push(bytes.toString()));
      crowd.push(socket);
      await (crowd.length % 16 === 0 ? fairlead.status() : new Promise(setImmediate));
    }
    assert.ok(crowd.length < DESCRIPTORS * workers);
    assert.match(told[0] ?? "", /^HTTP\/1\.1 503 Service Unavailable\r\nRetry-After: [1-5]\r\n/);
    await stillThere(tunnels);
    const toldBefore = told.length;
    assert.ok((await fairlead.status()).refusedConnections >= toldBefore);
    assert.ok((await fairlead.log("there are no descriptors left for another connection"))["connections"]);
    for (const socket of crowd) socket.destroy();
    await until(async () => (await fairlead.status()).connections === tunnels.length, "the crowd is forgotten");
    assert.equal(await (await openWs(t, fairlead.url)).ask("again"), "again");
    await stillThere(tunnels);
    assert.equal(fairlead.child.exitCode, null);
    assert.ok(!fairlead.logged().some(({ level }) => level === "error"));
  });
}

const MAX_TUNNELS = 5;

/** Opens until it is refused; gives what was opened. */
const fill = async (t: TestContext, url: string): Promise<number> => {
  for (let opened = 0; ; opened += 1) {
    const client = await openWs(t, url).catch(() => undefined);
    if (client === undefined) return opened;
  }
};

test("a limit set by hand holds over all workers: in a storm, and while a worker is replaced", async (t) => {
  const backend = await startEcho(t);
  const file = configFile(t, { backends: [backend.url], limits: { maxTunnels: MAX_TUNNELS }, drain: "1s" });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "2"]);
  const storm = await Promise.allSettled(Array.from({ length: 40 }, () => openWs(t, fairlead.url)));
  assert.equal(storm.filter(({ status }) => status === "fulfilled").length, MAX_TUNNELS);
  const status = await fairlead.status();
  assert.deepEqual([status.tunnels, status.maxTunnels, status.refusedTunnels], [MAX_TUNNELS, MAX_TUNNELS, 35]);
  assert.deepEqual(
    status.workers.map(({ maxTunnels }) => maxTunnels),
    [3, 2],
  );

  const [leaving = 0] = await fairlead.workers();
  process.kill(leaving, "SIGTERM");
  for (let replaced = false; !replaced;) {
    await fill(t, fairlead.url);
    const { tunnels, workers } = await fairlead.status();
    assert.ok(tunnels <= MAX_TUNNELS, `${tunnels} tunnels`);
    replaced = workers.length === 2 && workers.every(({ pid }) => pid !== leaving);
  }
  await until(async () => {
    // One that is full may still have the turn when another one gets room: the next client is refused, and no other.
    await fill(t, fairlead.url);
    return (await fairlead.status()).tunnels === MAX_TUNNELS;
  }, "all are taken");
  assert.ok((await fairlead.status()).refusedTunnels > 35, "what a worker that has gone refused is not forgotten");
});
