/** fairlead inside another program: nothing global, nothing left behind. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import test from "node:test";

import { ConfigError, createLoadBalancer, type AccessRecord } from "../../src/index.ts";
import { startEcho } from "../kit/backends.ts";
import { startRaw } from "../kit/raw.ts";
import { startBalancer } from "../kit/balancer.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, whose } from "../kit/clients.ts";
import { runProgram } from "../kit/processes.ts";
import { until } from "../kit/until.ts";

const LIBRARY = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

test("two balancers in one program do not disturb each other", async (t) => {
  const [one, two] = [await startEcho(t, { name: "one" }), await startEcho(t, { name: "two" })];
  const first = await startBalancer(t, { backends: [one.url] });
  const second = await startBalancer(t, { backends: [two.url] });
  const [client, other] = [await openWs(t, first.url), await openWs(t, second.url)];
  assert.deepEqual([await client.ask("who"), await other.ask("who")], ["one", "two"]);
  await first.stop();
  assert.equal((await client.closed()).code, 1012);
  assert.equal(await other.ask("who"), "two");
  assert.equal(second.records.length, 0);
});

test("close ends open sockets with 1012, and again gives the same promise", async (t) => {
  const backend = await startEcho(t);
  const balancer = await createLoadBalancer({ listen: "127.0.0.1:0", backends: [backend.url] });
  const client = await openWs(t, balancer.addresses[0]?.url ?? "");
  const closing = balancer.close({ drain: 0 });
  assert.equal(balancer.close(), closing);
  assert.deepEqual(await closing, { clean: true });
  assert.equal((await client.closed()).code, 1012);
  assert.deepEqual(await balancer.close({ drain: "1m" }), { clean: true });
  assert.equal((await balancer.status()).state, "stopped");
});

test("another configuration is put in force as a whole, or not at all; open tunnels stay", async (t) => {
  const [one, two] = [await startEcho(t, { name: "one" }), await startEcho(t, { name: "two" })];
  const listen = "127.0.0.1:0";
  const balancer = await createLoadBalancer({ listen, backends: [one.url] });
  lastly(t, async () => void (await balancer.close({ drain: 0 })));
  const client = await openWs(t, balancer.addresses[0]?.url ?? "");
  const pool = { backends: [one.url, two.url] };
  const report = await balancer.reload({ listen: [listen, "127.0.0.2:0"], pools: { default: pool }, admin: "off" });
  assert.deepEqual([report.outcome, report.file, report.changes.length], ["reloaded", null, 2]);
  assert.equal(balancer.addresses.length, 2);
  assert.equal(await client.ask("who"), "one");
  assert.equal(await whose(await openWs(t, balancer.addresses[1]?.url ?? "")), "two");
  await assert.rejects(balancer.reload({ backends: ["ftp://127.0.0.1"] }), ConfigError);
  await assert.rejects(balancer.reload({ ...pool, workers: 2 }), /^FairleadError: workers: 2 is not possible/);
  assert.equal(balancer.addresses.length, 2);
  await balancer.reload({ listen, backends: [two.url] });
  assert.equal((await client.closed()).code, 1012);
  await balancer.close({ drain: 0 });
  await assert.rejects(balancer.reload({ listen, backends: [one.url] }), /is stopped/);
});

test("several workers are refused clearly", async () => {
  await assert.rejects(createLoadBalancer({ backends: ["ws://127.0.0.1:1"], workers: 2 }), (error: Error) => {
    assert.match(error.message, /^workers: 2 is not possible in an embedded balancer/);
    return true;
  });
});

test("an onRecord that throws breaks nothing and is logged", async (t) => {
  const backend = await startEcho(t);
  const errors: string[] = [];
  const nothing = (): void => undefined;
  const logger = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (_: object, text: string) => void errors.push(text),
  };
  const seen: AccessRecord[] = [];
  const onRecord = (record: AccessRecord): never => {
    seen.push(record);
    throw new Error("a mistake of the program");
  };
  const balancer = await createLoadBalancer({ listen: "127.0.0.1:0", backends: [backend.url] }, { logger, onRecord });
  const client = await openWs(t, balancer.addresses[0]?.url ?? "");
  await client.bye();
  await until(() => seen.length === 1, "the record has come");
  assert.equal((await balancer.status()).pools[0]?.backends[0]?.load, 0);
  assert.deepEqual(errors, ["onRecord failed"]);
  assert.deepEqual(await balancer.close({ drain: 0 }), { clean: true });
});

test("a start that fails leaves nothing: the program ends by itself", async (t) => {
  const backend = await startEcho(t);
  const taken = `127.0.0.1:${backend.port}`;
  for (const config of [
    { listen: ["127.0.0.1:0", taken], backends: [backend.url] },
    { listen: "127.0.0.1:0", admin: taken, backends: [backend.url] },
  ]) {
    const script = `const { createLoadBalancer } = await import(${JSON.stringify(LIBRARY)});
      await createLoadBalancer(${JSON.stringify(config)}).then(() => console.log("started"), ({ code }) => console.log(code));`;
    const program = runProgram(t, process.execPath, ["--input-type=module", "--eval", script]);
    await program.line(/^LISTEN_FAILED$/);
    assert.equal(await program.exit(), 0);
  }
});

test("a program whose balancer was closed ends by itself, also right after a tunnel", async (t) => {
  const backend = await startEcho(t);
  const config = { listen: "127.0.0.1:0", admin: "127.0.0.1:0", backends: [backend.url] };
  const script = `const { createLoadBalancer } = await import(${JSON.stringify(LIBRARY)});
    const balancer = await createLoadBalancer(${JSON.stringify(config)});
    const socket = new WebSocket(balancer.addresses[0].url);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    console.log((await balancer.close({ drain: 0 })).clean);`;
  const program = runProgram(t, process.execPath, ["--input-type=module", "--eval", script]);
  await program.line(/^true$/);
  assert.equal(await program.exit(), 0);
});

/** Uses a balancer in every way that could leave something behind, closes it, and says when. */
const BUSY_PROGRAM = `
  const { createLoadBalancer } = await import(${JSON.stringify(LIBRARY)});
  const [live, silent] = process.argv.slice(1);
  const health = { failureThreshold: 1, cooldown: "1m", maxCooldown: "10m", probe: { timeout: "1m" } };
  const pools = {
    live: { backends: [live] },
    down: { backends: ["ws://127.0.0.1:1"], health },
    silent: { backends: [silent], health: { ...health, cooldown: "1ms" }, dial: { handshakeTimeout: "100ms" } },
  };
  const routes = [
    { name: "down", match: { path: "/down" }, pool: "down" },
    { name: "silent", match: { path: "/silent" }, pool: "silent" },
  ];
  const balancer = await createLoadBalancer({
    listen: "127.0.0.1:0",
    admin: "127.0.0.1:0",
    pools,
    routes,
    defaultPool: "live",
    drain: "1m",
  });
  const url = balancer.addresses[0].url;
  const ended = (socket, event) => new Promise((resolve) => socket.addEventListener(event, resolve));
  const sockets = Array.from({ length: 3 }, () => new WebSocket(url));
  await Promise.all(sockets.map((socket) => ended(socket, "open")));
  await Promise.all(["/down", "/silent"].map((path) => ended(new WebSocket(url + path), "error")));
  for (let count = 0; count < 3; count += 1) await (await fetch(url.replace("ws:", "http:") + "/page")).text();
  const states = async () => (await balancer.status()).pools.map(({ backends }) => backends[0].health);
  while ((await states()).join() !== "healthy,unhealthy,probing") await new Promise((resolve) => setTimeout(resolve, 10));
  console.log("busy");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdin.destroy();
  const { clean } = await balancer.close({ drain: 0 });
  console.log("closed " + clean);`;

test("nothing that a balancer did keeps its program alive: open sockets, requests on kept connections, cool-downs, probes", async (t) => {
  const live = await startEcho(t);
  const silent = await startRaw(t);
  const args = ["--input-type=module", "--eval", BUSY_PROGRAM, live.url, `ws://127.0.0.1:${silent.port}`];
  const program = runProgram(t, process.execPath, args);
  await program.line(/^busy$/);
  await until(() => silent.peers.length === 2, "a probe is under way");
  program.child.stdin?.write("go on\n");
  await program.line(/^closed true$/);
  const closed = performance.now();
  assert.equal(await program.exit(), 0);
  const late = performance.now() - closed;
  assert.ok(late < 3_000, `it ended ${Math.round(late)} ms after its balancer`);
});
