/** Limits of backends over workers: each worker opens what it was leased, and together they keep to the limit. */
import assert from "node:assert/strict";
import test from "node:test";
import type { TestContext } from "node:test";

import { WebSocket } from "ws";

import { silentLogger, systemClock, systemRandom } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { Config } from "../../src/config/index.ts";
import type { Spawn } from "../../src/supervisor/seat.ts";
import { spawnLocal } from "../../src/supervisor/spawn-local.ts";
import { Supervisor } from "../../src/supervisor/supervisor.ts";
import { startEcho, startEchoes, type EchoBackend, type EchoOptions } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, refusedWs, type Client } from "../kit/clients.ts";
import { until } from "../kit/until.ts";
import { configFile, openInTurn, startFairlead } from "./command.ts";

/** A backend that knows how many tunnels it had at most: those that are closing do not count. */
const startCounting = async (t: TestContext, options: EchoOptions = {}) => {
  const sockets = new Set<WebSocket>();
  const seen = { most: 0 };
  const backend = await startEcho(t, {
    ...options,
    onSocket: (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
      const open = [...sockets].filter(({ readyState }) => readyState === WebSocket.OPEN);
      seen.most = Math.max(seen.most, open.length);
    },
  });
  return Object.assign(backend, { seen });
};

const poolOf = (backends: readonly EchoBackend[], admission: object) => ({
  pools: { default: { backends: urlsOf(backends), admission } },
});

const QUEUE = { size: 100, timeout: "1m" };

test("three of twenty clients of two workers have a place, the others wait and get theirs as those leave", async (t) => {
  const backend = await startCounting(t);
  const config = poolOf([backend], { maxConnections: 3, queue: QUEUE });
  const fairlead = await startFairlead(t, ["--config", configFile(t, config), "--workers", "2"]);
  const open: Client[] = [];
  const all = Array.from({ length: 20 }, async () => open.push(await openWs(t, fairlead.url)));
  for (let left = 20; left > 0; left -= 1) {
    await until(() => open.length >= Math.min(3, left), "all places are taken");
    if (left > 3) {
      const { pools } = await fairlead.status();
      await until(async () => (await fairlead.status()).pools[0]?.queued === left - 3, `${left - 3} wait`);
      assert.ok((pools[0]?.backends[0]?.load ?? 0) <= 3);
    }
    await open.shift()?.bye();
  }
  await Promise.all(all);
  assert.equal(backend.seen.most, 3);
  await fairlead.tunnels(0);
});

test("without a queue the limit is used up whichever worker has the client, and nobody is refused before", async (t) => {
  const backend = await startCounting(t);
  const config = poolOf([backend], { maxConnections: 3 });
  const fairlead = await startFairlead(t, ["--config", configFile(t, config), "--workers", "3"]);
  for (let round = 0; round < 5; round += 1) {
    const clients = await openInTurn(t, fairlead.url, 3);
    assert.equal((await refusedWs(t, fairlead.url)).status, 503);
    await Promise.all(clients.map((client) => client.bye()));
    await fairlead.tunnels(0);
    // A worker that has heard that all is taken is told when that is over; each answer is behind what was told before.
    for (let answer = 0; answer < 4; answer += 1) await fairlead.status();
  }
  assert.equal(backend.seen.most, 3);
});

test("a worker killed with kill -9 gives its leases back", async (t) => {
  const backend = await startCounting(t);
  const config = poolOf([backend], { maxConnections: 4, queue: QUEUE });
  const fairlead = await startFairlead(t, ["--config", configFile(t, config), "--workers", "2"]);
  const clients = await openInTurn(t, fairlead.url, 4);
  const waiting = Array.from({ length: 4 }, () => {
    const socket = new WebSocket(fairlead.url);
    socket.on("error", () => undefined);
    lastly(t, () => void socket.terminate());
    return socket;
  });
  await until(async () => (await fairlead.status()).pools[0]?.queued === 4, "four wait");
  const { workers } = await fairlead.status();
  const victim = workers.toSorted((a, b) => b.tunnels - a.tunnels)[0];
  assert.ok(victim !== undefined && victim.tunnels > 0);
  process.kill(victim.pid, "SIGKILL");
  await until(async () => {
    const { tunnels, pools } = await fairlead.status();
    return pools[0]?.queued === 0 || tunnels === 4;
  }, "those who still wait have the places of those that were lost");
  for (const { socket } of clients) socket.terminate();
  for (const socket of waiting) socket.terminate();
  await fairlead.tunnels(0);
  await openInTurn(t, fairlead.url, 4);
  assert.equal((await fairlead.status()).tunnels, 4);
  assert.ok(backend.seen.most <= 4);
});

/** Messages take their time, as between processes, and keep their order. */
const slow =
  (spawn: Spawn): Spawn =>
  (onMessage, onExit) => {
    const handle = spawn((message) => setImmediate(() => onMessage(message)), onExit);
    return { ...handle, send: (message) => setImmediate(() => handle.send(message)) };
  };

/** Workers in this process, under a supervisor whose configuration the test changes. */
const startSupervisor = async (t: TestContext, config: Config, workers = 2) => {
  const world = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const spawn = slow(spawnLocal({ ...world, onRecord: () => {} }));
  const supervisor = new Supervisor(config, {
    ...world,
    spawn,
    remote: false,
    workers,
    descriptors: undefined,
    version: "0",
  });
  await supervisor.open();
  lastly(t, () => supervisor.kill());
  return { supervisor, url: `ws://127.0.0.1:${supervisor.addresses[0]?.port}` };
};

const configOf = (backends: readonly EchoBackend[], admission: object): Config =>
  parseConfig({ listen: "127.0.0.1:0", admin: "off", ...poolOf(backends, admission) }).config;

test("a reload that raises the limit lets those in who wait; one that lowers it ends nothing, and then keeps to it", async (t) => {
  const backend = await startCounting(t);
  const { supervisor, url } = await startSupervisor(t, configOf([backend], { maxConnections: 2, queue: QUEUE }));
  const open: Client[] = [];
  const all = Array.from({ length: 12 }, async () => open.push(await openWs(t, url)));
  const waits = (count: number) =>
    until(async () => (await supervisor.status()).pools[0]?.queued === count, `${count} wait`);
  await waits(10);
  await supervisor.reconfigure(configOf([backend], { maxConnections: 6, queue: QUEUE }));
  await waits(6);
  assert.equal(backend.seen.most, 6);
  await supervisor.reconfigure(configOf([backend], { maxConnections: 2, queue: QUEUE }));
  for (let left = 5; left >= 2; left -= 1) {
    await open.shift()?.bye();
    await until(async () => (await supervisor.status()).tunnels === left, `${left} are left`);
    assert.equal((await supervisor.status()).pools[0]?.queued, 6);
  }
  await open.shift()?.bye();
  await waits(5);
  assert.equal((await supervisor.status()).tunnels, 2);
  await supervisor.reconfigure(configOf([backend], { queue: QUEUE }));
  await Promise.all(all);
  assert.equal(backend.sockets.size, 7);
  await supervisor.reconfigure(configOf([backend], { maxConnections: 8 }));
  const [last] = await openInTurn(t, url, 1);
  assert.ok(last);
  assert.equal((await refusedWs(t, url)).status, 503);
});

test("a backend that comes by a reload has its limit, and one that goes and comes back still counts what it has", async (t) => {
  const [one, two] = [await startCounting(t, { name: "one" }), await startCounting(t, { name: "two" })];
  const limit = { maxConnections: 2 };
  const { supervisor, url } = await startSupervisor(t, configOf([one], limit));
  await openInTurn(t, url, 2);
  assert.equal((await refusedWs(t, url)).status, 503);
  await supervisor.reconfigure(configOf([one, two], limit));
  await openInTurn(t, url, 2);
  assert.equal((await refusedWs(t, url)).status, 503);
  await supervisor.reconfigure(configOf([two], limit));
  assert.equal((await refusedWs(t, url)).status, 503);
  await supervisor.reconfigure(configOf([two, one], limit));
  assert.equal((await refusedWs(t, url)).status, 503);
  assert.deepEqual([one.seen.most, two.seen.most], [2, 2]);
});

test("a backend that is added warms up: it gets few clients at first", async (t) => {
  const [one, two] = await startEchoes(t, 2);
  assert.ok(one && two);
  const admission = { slowStart: "10m" };
  const { supervisor, url } = await startSupervisor(t, configOf([one], admission), 1);
  await openInTurn(t, url, 10);
  await supervisor.reconfigure(configOf([one, two], admission));
  await openInTurn(t, url, 12);
  // A tenth of the weight: two of 22.
  assert.deepEqual([one.sockets.size, two.sockets.size], [20, 2]);
  await supervisor.reconfigure(configOf([one, two], {}));
  await until(async () => {
    await openInTurn(t, url, 1);
    return two.sockets.size > 5;
  }, "without slow start it is a backend like others");
});

const TUNNELS = 1_500;
const RATE = { rate: 150, burst: 30, queue: { size: 2_000, timeout: "1m" } };
/** Two workers have half of it each, and each as much as one connection ahead. */
const ROUNDING = 2;

/** A client that comes back, a little later, whenever its tunnel is lost. */
const keepOpen = (t: TestContext, url: string) => {
  const state = { open: false, stopped: false };
  const connect = (): void => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    lastly(t, () => {
      state.stopped = true;
      socket.terminate();
    });
    socket.on("error", () => undefined);
    socket.on("open", () => (state.open = true));
    socket.on("close", () => {
      state.open = false;
      if (!state.stopped) setTimeout(connect, 50).unref();
    });
  };
  connect();
  return state;
};

test(
  "a backend that dies with a third of 1,500 tunnels does not take the next one with it",
  { timeout: 120_000 },
  async (t) => {
    const backends = await startEchoes(t, 3);
    const fairlead = await startFairlead(t, ["--config", configFile(t, poolOf(backends, RATE)), "--workers", "2"]);
    const clients = Array.from({ length: TUNNELS }, () => keepOpen(t, fairlead.url));
    const isBack = (): boolean => clients.every(({ open }) => open);
    await until(isBack, "all are open", 60_000);
    const [victim, ...survivors] = backends;
    assert.ok(victim !== undefined && victim.sockets.size > 300);
    // What each survivor accepts, by the time that its process sees it.
    const accepted = survivors.map(({ handshakes }) => handshakes.length);
    const begun = performance.now();
    await victim.kill();
    await until(
      () => {
        // Who is slow to look sees fewer than there are, never more.
        const allowed = RATE.burst + (RATE.rate * (performance.now() - begun)) / 1_000 + ROUNDING;
        for (const [index, { handshakes }] of survivors.entries()) {
          const count = handshakes.length - (accepted[index] ?? 0);
          assert.ok(count <= allowed, `${count} by now, and ${Math.floor(allowed)} are allowed`);
        }
        return survivors.reduce((sum, { sockets }) => sum + sockets.size, 0) === TUNNELS;
      },
      "everybody is back",
      60_000,
    );
    await until(isBack, "all clients are open");
    assert.ok(performance.now() - begun > 1_000, "it took its time");
  },
);
