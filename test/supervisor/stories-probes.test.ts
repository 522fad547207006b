/** Health that sees what users see: the real command, and backends that are ill in all the ways there are. */
import assert from "node:assert/strict";
import { accessSync } from "node:fs";
import { delimiter, join } from "node:path";
import test from "node:test";
import type { TestContext } from "node:test";

import type { BackendStatus } from "../../src/metrics/index.ts";
import { startEcho } from "../kit/backends.ts";
import { openWs, whose } from "../kit/clients.ts";
import { startDelayer } from "../kit/delayer.ts";
import { switchingHead } from "../kit/heads.ts";
import { programFile, runProgram } from "../kit/processes.ts";
import type { Program } from "../kit/processes.ts";
import { startRaw } from "../kit/raw.ts";
import { needTool } from "../kit/tools.ts";
import { until } from "../kit/until.ts";
import { asFairlead, COMMAND, configFile, startFairlead } from "./command.ts";
import type { Fairlead } from "./command.ts";
import { startWith } from "./reload.ts";

/** Quick enough for a test, and patient enough for a busy machine. */
const PACE = { interval: "100ms", timeout: "2s", rise: 1, fall: 2 };
const QUICK = { cooldown: "100ms", maxCooldown: "100ms" };

/** An echo backend as a process of its own. */
const startChild = async (t: TestContext, port = 0, within: readonly string[] = []) => {
  const [command, ...args] = [...within, process.execPath, programFile("echo.ts"), "child", `${port}`];
  const program = runProgram(t, command, args);
  const bound = Number((await program.line(/^listening (\d+)/))[1]);
  return { ...program, port: bound, url: `ws://127.0.0.1:${bound}` };
};

const serving = (t: TestContext, pools: object, args: readonly string[] = []): Promise<Fairlead> =>
  startFairlead(t, [
    "--config",
    configFile(t, { pools, defaultPool: Object.keys(pools)[0], drain: "100ms" }),
    ...(args.length === 0 ? ["--workers", "1"] : args),
  ]);

const backendOf = async (fairlead: Fairlead, url: string, pool = 0): Promise<BackendStatus> => {
  const found = (await fairlead.status()).pools[pool]?.backends.find(({ name }) => name === url);
  assert.ok(found, `${url} is in the status`);
  return found;
};

const becomes = (fairlead: Fairlead, url: string, health: BackendStatus["health"], pool = 0): Promise<void> =>
  until(async () => (await backendOf(fairlead, url, pool)).health === health, `${url} is ${health}`);

test("a backend that is killed is noticed before any client is, and again when it is back", async (t) => {
  const victim = await startChild(t);
  const fairlead = await serving(t, {
    default: { backends: [victim.url], health: { ...QUICK, active: { kind: "tcp", ...PACE } } },
  });
  await becomes(fairlead, victim.url, "healthy");
  await victim.kill();
  const line = await fairlead.log("backend is unhealthy");
  assert.match(String(line["reason"]), /^2 probes in a row failed, the last: .*ECONNREFUSED/);
  const { outUntil, flaps, failures } = await backendOf(fairlead, victim.url);
  assert.deepEqual([typeof outUntil, flaps, failures], ["string", 1, 0]);
  await startChild(t, victim.port);
  await fairlead.log("backend is healthy again");
  assert.equal(await (await openWs(t, fairlead.url)).ask("who"), "child");
});

test("a frozen backend passes a tcp probe, and no websocket probe; thawed it is well again", async (t) => {
  const backend = await startChild(t);
  const pace = { ...PACE, timeout: "1s" };
  const fairlead = await serving(t, {
    deep: { backends: [backend.url], health: { ...QUICK, active: { kind: "websocket", ...pace } } },
    shallow: { backends: [backend.url], health: { ...QUICK, active: { kind: "tcp", ...pace } } },
  });
  backend.freeze();
  await becomes(fairlead, backend.url, "unhealthy", 0);
  assert.match((await backendOf(fairlead, backend.url, 0)).reason, /the last: no answer in time$/);
  assert.equal((await backendOf(fairlead, backend.url, 1)).health, "healthy");
  backend.thaw();
  await becomes(fairlead, backend.url, "healthy", 0);
});

test("a backend that says 101 and then nothing is found out by a ping", async (t) => {
  const silent = await startRaw(t, async (peer) => void peer.write(switchingHead(await peer.head())));
  const echo = await startEcho(t, { name: "echo" });
  const active = { kind: "websocket", ...PACE, timeout: "1s" };
  const fairlead = await serving(t, {
    default: { backends: [silent.url, echo.url], balance: "round-robin", health: { ...QUICK, active } },
  });
  await becomes(fairlead, silent.url, "unhealthy");
  for (let at = 0; at < 3; at += 1) assert.equal(await whose(await openWs(t, fairlead.url)), "echo");
  assert.equal((await backendOf(fairlead, echo.url)).health, "healthy");
});

test("probes come from the instance, not from each worker", async (t) => {
  const times: number[] = [];
  const echo = await startEcho(t, {
    onRequest: (request, response) => {
      if (request.headers["user-agent"] === "fairlead-probe") times.push(performance.now());
      response.end("all is well");
    },
  });
  const active = { kind: "http", ...PACE, interval: "500ms", jitter: 0, expect: { contains: "well" } };
  const fairlead = await serving(t, { default: { backends: [echo.url], health: { active } } }, ["--workers", "3"]);
  await until(() => times.length >= 6, "six probes have come");
  const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  assert.ok((waits.toSorted((a, b) => a - b)[2] ?? 0) > 300, `${waits.map(Math.round).join(", ")} ms`);
  assert.equal((await backendOf(fairlead, echo.url)).health, "healthy");
});

test("a probe under way ends with its backend's part in the pool, and with the question", async (t) => {
  const silent = await startRaw(t);
  const echo = await startEcho(t);
  const config = (path: string, backends: readonly string[]) => {
    const active = { kind: "websocket", ...PACE, path, timeout: "1h" };
    return { pools: { default: { backends, health: { active } } }, defaultPool: "default", drain: "100ms" };
  };
  const { reload } = await startWith(t, config("/one", [silent.url, echo.url]), ["--workers", "1"]);
  const first = await silent.peer();
  assert.equal((await first.head()).first, "GET /one HTTP/1.1");
  await reload(config("/two", [silent.url, echo.url]));
  await first.received.ending();
  const second = await silent.peer();
  assert.equal((await second.head()).first, "GET /two HTTP/1.1");
  await reload(config("/two", [echo.url]));
  await second.received.ending();
});

const OUTLIERS = { window: "3s", minSamples: 4, ejection: "2s", slowness: { minimum: "100ms" } };

/** Clients come until something has been logged, a few at a time. */
const trafficUntil = async (t: TestContext, fairlead: Fairlead, message: string): Promise<void> => {
  await until(async () => {
    const clients = await Promise.all([0, 1, 2, 3].map(() => openWs(t, fairlead.url)));
    await Promise.all(clients.map((client) => client.bye()));
    return fairlead.logged().some(({ msg }) => msg === message);
  }, `the log says "${message}"`);
};

test("a backend that answers later than the others is ejected, by what clients of all workers see, and comes back", async (t) => {
  const [one, two] = await Promise.all([startEcho(t, { name: "one" }), startEcho(t, { name: "two" })]);
  const [quick, slow] = await Promise.all([startDelayer(t, one.port, 0), startDelayer(t, two.port, 200)]);
  const pool = { backends: [quick.url, slow.url], balance: "round-robin", health: { outliers: OUTLIERS } };
  const fairlead = await serving(t, { default: pool }, ["--workers", "2"]);
  await trafficUntil(t, fairlead, "backend is ejected");
  const line = await fairlead.log("backend is ejected");
  assert.equal(line["backend"], slow.url);
  assert.match(String(line["reason"]), /^handshakes are answered after .*, by the others after /);
  const { health, outUntil } = await backendOf(fairlead, slow.url);
  if (health === "ejected") assert.ok(Date.parse(outUntil ?? "") > Date.now() - 1_000);
  slow.delay = 0;
  await fairlead.log("backend is healthy again");
  await until(async () => (await whose(await openWs(t, fairlead.url))) === "two", "it is used again");
});

test("a backend whose tunnels end one by one without a Close is ejected, though each of its handshakes is well", async (t) => {
  const steady = await startEcho(t, { name: "steady" });
  const lossy = await startEcho(t, {
    name: "lossy",
    onSocket: (socket) => void socket.once("message", () => socket.terminate()),
  });
  const health = { failureThreshold: 1000, outliers: { ...OUTLIERS, failures: { share: 0.05 } } };
  const pool = { backends: [steady.url, lossy.url], balance: "round-robin", health };
  const fairlead = await serving(t, { default: pool });
  // Most of them stay: what is lost at once with all the others would be one failure.
  for (let at = 0; at < 40; at += 1) await openWs(t, fairlead.url);
  await until(async () => {
    const pair = [await openWs(t, fairlead.url), await openWs(t, fairlead.url)];
    for (const client of pair) client.socket.send("hello");
    return fairlead.logged().some(({ msg }) => msg === "backend is ejected");
  }, "the lossy one is ejected");
  const line = await fairlead.log("backend is ejected");
  assert.equal(line["backend"], lossy.url);
  assert.match(String(line["reason"]), /^\d+ % failures, the others 0 %$/);
});

test("a backend that flaps is held back and says so, and the other one serves", async (t) => {
  let well = true;
  const flapping = await startEcho(t, {
    name: "flapping",
    onRequest: (_request, response) => void response.writeHead(well ? 200 : 503).end(),
  });
  const steady = await startEcho(t, { name: "steady" });
  const health = {
    ...QUICK,
    active: { kind: "http", ...PACE, fall: 1 },
    flapping: { limit: 2, reuse: 1, halfLife: "10m", maxHold: "1h" },
  };
  const fairlead = await serving(t, { default: { backends: [flapping.url, steady.url], health } });
  for (let falls = 1; falls <= 3; falls += 1) {
    well = false;
    await becomes(fairlead, flapping.url, "unhealthy");
    well = true;
    if (falls < 3) await becomes(fairlead, flapping.url, "healthy");
  }
  const probes = flapping.requests.length;
  await until(() => flapping.requests.length > probes + 3, "it is probed on");
  const { health: now, reason, flaps, penalty, outUntil } = await backendOf(fairlead, flapping.url);
  assert.deepEqual([now, flaps], ["unhealthy", 3]);
  assert.equal(reason, "a probe failed: it answered 503; it flaps, and is held back");
  assert.ok(penalty > 2 && penalty <= 3);
  assert.ok(Date.parse(outUntil ?? "") > Date.now() + 10 * 60_000);
  assert.equal(await whose(await openWs(t, fairlead.url)), "steady");
});

test("where all look ill, a pool that panics tries them rather than none", async (t) => {
  const echo = await startEcho(t, {
    name: "echo",
    onRequest: (_request, response) => void response.writeHead(500).end(),
  });
  const health = { active: { kind: "http", ...PACE }, panic: 0 };
  const fairlead = await serving(t, { default: { backends: [echo.url], health } });
  await fairlead.log("too few backends are well: all are tried");
  const [pool] = (await fairlead.status()).pools;
  assert.deepEqual([pool?.panic, pool?.backends[0]?.health], [true, "unhealthy"]);
  await until(
    async () => (await openWs(t, fairlead.url).then(whose, () => "nobody")) === "echo",
    "the worker has been told",
  );
});

const findProgram = (name: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name));
      return true;
    } catch {
      return false;
    }
  });

/** Commands that run in a network of their own, which is gone at the end of the test. */
const ownNetwork = async (t: TestContext): Promise<readonly string[]> => {
  const keeper = runProgram(t, "unshare", ["--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
  await keeper.line(/^ready/);
  return ["nsenter", `--net=/proc/${keeper.child.pid}/ns/net`];
};

/** Runs a command to its end. */
const run = async (t: TestContext, [command = "", ...args]: readonly string[]): Promise<Program> => {
  const program = runProgram(t, command, args);
  assert.equal(await program.exit(), 0, program.lines.join("\n"));
  return program;
};

test("a backend whose packets are lost on the way is found out, and well again once they come through", async (t) => {
  if (!needTool(t, "a network of one's own (root, unshare, nsenter, ip, nft)", canIsolate())) return;
  const within = await ownNetwork(t);
  const backend = await startChild(t, 0, within);
  const health = { ...QUICK, active: { kind: "websocket", ...PACE, timeout: "1s" } };
  const file = configFile(t, { pools: { default: { backends: [backend.url], health } }, drain: "100ms" });
  const args = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json", "--workers", "1"];
  const [command, ...rest] = [...within, process.execPath, COMMAND, "serve", ...args, "--config", file];
  const fairlead = await asFairlead(runProgram(t, command, rest));
  await run(t, [...within, "nft", "add table inet loss"]);
  await run(t, [...within, "nft", "add chain inet loss input { type filter hook input priority 0; }"]);
  await run(t, [...within, "nft", `add rule inet loss input tcp dport ${backend.port} drop`]);
  const line = await fairlead.log("backend is unhealthy");
  assert.match(String(line["reason"]), /the last: no answer in time$/);
  await run(t, [...within, "nft", "delete table inet loss"]);
  await fairlead.log("backend is healthy again");
});

function canIsolate(): boolean {
  return process.getuid?.() === 0 && ["unshare", "nsenter", "ip", "nft"].every(findProgram);
}
