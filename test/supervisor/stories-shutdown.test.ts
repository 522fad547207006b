/** How it ends: drained, at once, at the deadline; and how it does not even start. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import test from "node:test";

import { startEcho } from "../kit/backends.ts";
import { openWs } from "../kit/clients.ts";
import { rawClient } from "../kit/raw.ts";
import { isListening } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";
import { configFile, isAlive, runCommand, startFairlead } from "./command.ts";

for (const workers of ["1", "2"]) {
  test(`SIGTERM spreads 1012 over the drain, finishes requests in flight and exits 0 (${workers} workers)`, async (t) => {
    let answer = (): void => {};
    const backend = await startEcho(t, {
      onRequest: (_request, response) => {
        response.write("first, ");
        answer = () => response.end("last");
      },
    });
    const fairlead = await startFairlead(t, [backend.url, "--workers", workers, "--drain", "3s"]);
    const pids = await fairlead.workers();
    const clients = await Promise.all(Array.from({ length: 10 }, () => openWs(t, fairlead.url)));
    const response = await fetch(`http://127.0.0.1:${fairlead.port}/slow`);
    const begun = performance.now();
    fairlead.child.kill("SIGTERM");
    const ends = await Promise.all(
      clients.map(async (client) => ({ ...(await client.closed()), at: performance.now() - begun })),
    );
    assert.deepEqual([...new Set(ends.map(({ code }) => code))], [1012]);
    const times = ends.map(({ at }) => at);
    assert.ok(Math.max(...times) - Math.min(...times) > 700, `they ended at ${times.map(Math.round).join(", ")}`);
    assert.equal(await isListening(fairlead.port), false, "nothing new is taken");
    assert.equal((await fetch(`${fairlead.admin}/readyz`)).status, 503);
    assert.equal((await fetch(`${fairlead.admin}/livez`)).status, 200);
    answer();
    assert.equal(await response.text(), "first, last");
    assert.equal(await fairlead.exit(), 0);
    assert.ok(!pids.some(isAlive));
  });
}

test("with a drain delay it says first that it is not ready, and serves until the drain begins", async (t) => {
  const backend = await startEcho(t);
  const file = configFile(t, { backends: [backend.url], drain: "1ms", drainDelay: "5s" });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "2"]);
  const begun = performance.now();
  fairlead.child.kill("SIGTERM");
  await until(async () => (await fetch(`${fairlead.admin}/readyz`)).status === 503, "it says that it is not ready");
  const client = await openWs(t, fairlead.url);
  assert.equal(await client.ask("served"), "served");
  assert.ok(fairlead.logged().every(({ msg }) => msg !== "draining"));
  assert.equal((await client.closed()).code, 1012);
  assert.ok(performance.now() - begun > 4_900);
  assert.equal(await fairlead.exit(), 0);
});

test("a second signal during the drain delay ends everything at once with 3", async (t) => {
  const backend = await startEcho(t);
  const file = configFile(t, { backends: [backend.url], drainDelay: "1m" });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "1"]);
  await openWs(t, fairlead.url);
  fairlead.child.kill("SIGTERM");
  await fairlead.log("not ready any more; clients are still served for a while");
  fairlead.child.kill("SIGTERM");
  assert.equal(await fairlead.exit(), 3);
});

test("a second signal ends everything at once with 3", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startFairlead(t, [backend.url, "--workers", "2", "--drain", "1m"]);
  await Promise.all(Array.from({ length: 4 }, () => openWs(t, fairlead.url)));
  const pids = await fairlead.workers();
  fairlead.child.kill("SIGINT");
  await fairlead.log("draining");
  const begun = performance.now();
  fairlead.child.kill("SIGTERM");
  assert.equal(await fairlead.exit(), 3);
  assert.ok(performance.now() - begun < 5_000);
  await until(() => !pids.some(isAlive), "the workers are gone");
});

test("a client that ignores Close and a backend that never answers meet the deadline, which is 3", async (t) => {
  const backend = await startEcho(t, { onRequest: () => undefined });
  const tunnel = { closeTimeout: "1m" };
  const file = configFile(t, { backends: [backend.url], tunnel });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "2", "--drain", "100ms"]);
  const deaf = await rawClient(t, fairlead.port);
  const never = fetch(`http://127.0.0.1:${fairlead.port}/`).catch((error: unknown) => error);
  await until(async () => (await fairlead.status()).requests === 1, "the request is in flight");
  fairlead.child.kill("SIGTERM");
  await deaf.expectClose(1012);
  assert.equal(await fairlead.exit(), 3);
  assert.ok((await never) instanceof Error);
});

test("a port that is taken ends it with 1 and one clear line, and leaves nothing", async (t) => {
  const backend = await startEcho(t);
  const taken = `127.0.0.1:${backend.port}`;
  for (const args of [
    ["--listen", taken, "--admin", "off"],
    ["--listen", "127.0.0.1:0", "--admin", taken],
  ]) {
    const program = runCommand(t, [backend.url, "--workers", "2", ...args]);
    assert.equal(await program.exit(), 1);
    assert.equal(program.lines.length, 1, program.lines.join("\n"));
    assert.match(program.lines[0] ?? "", new RegExp(`${taken} cannot be listened on.*choose another.*LISTEN_FAILED`));
  }
});

test("a wrong configuration ends it with 2", async (t) => {
  const program = runCommand(t, ["--config", configFile(t, { backends: ["ftp://127.0.0.1:1"], worker: 2 })]);
  assert.equal(await program.exit(), 2);
  assert.ok(program.lines.length >= 2, "every mistake is named");
});

test("a certificate that is none is one clear error", async (t) => {
  const tls = { certificates: [{ cert: "no certificate", key: "no key" }] };
  const file = configFile(t, {
    listen: [{ address: "127.0.0.1:0", tls }],
    backends: ["ws://127.0.0.1:1"],
    admin: "off",
  });
  const program = runCommand(t, ["--config", file, "--workers", "2"]);
  assert.equal(await program.exit(), 2);
  assert.equal(program.lines.length, 2, program.lines.join("\n"));
  for (const line of program.lines)
    assert.match(line, /fairlead\.json:1:\d+: listen\[0\]\.tls\.certificates\[0\]\.(?:cert|key): /);
});

test("a port is free again as soon as it has ended", async (t) => {
  const backend = await startEcho(t);
  const first = await startFairlead(t, [backend.url, "--workers", "2", "--drain", "1ms"]);
  await openWs(t, first.url);
  first.child.kill("SIGTERM");
  assert.equal(await first.exit(), 0);
  const second = await startFairlead(t, [backend.url, "--workers", "2", "--listen", `127.0.0.1:${first.port}`]);
  const socket = connect(first.port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.destroy();
  await second.kill();
});
