/** Sockets over backends and workers: two processes choose, and count as one. */
import assert from "node:assert/strict";
import test from "node:test";

import { startEchoes, type EchoBackend } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { openInTurn, startFairlead } from "./command.ts";

const spread = (backends: readonly EchoBackend[]): number[] => backends.map(({ sockets }) => sockets.size);

const ROUNDS = 20;

test("six sockets opened one after the other are 2/2/2 whichever workers get them, also after four have gone", async (t) => {
  const backends = await startEchoes(t, 3);
  const fairlead = await startFairlead(t, [...urlsOf(backends), "--workers", "2"]);
  for (let round = 0; round < ROUNDS; round += 1) {
    const clients = await openInTurn(t, fairlead.url, 6);
    assert.deepEqual(spread(backends), [2, 2, 2], `round ${round}`);
    await Promise.all(clients.splice(0, 4).map((client) => client.bye()));
    await fairlead.tunnels(2);
    clients.push(...(await openInTurn(t, fairlead.url, 4)));
    assert.deepEqual(spread(backends), [2, 2, 2], `round ${round}, after four were closed`);
    await Promise.all(clients.map((client) => client.bye()));
    await fairlead.tunnels(0);
  }
  const { pools } = await fairlead.status();
  for (const { load, tunnels } of pools[0]?.backends ?? []) {
    assert.equal(load, 0);
    assert.ok(Math.abs(tunnels - (ROUNDS * 10) / 3) <= ROUNDS);
  }
});

test("what one worker has counts for the next: as many workers as backends, one socket each, and none meet", async (t) => {
  const backends = await startEchoes(t, 3);
  const fairlead = await startFairlead(t, [...urlsOf(backends), "--workers", "3"]);
  for (let round = 0; round < ROUNDS; round += 1) {
    const clients = await openInTurn(t, fairlead.url, 3);
    assert.deepEqual(spread(backends), [1, 1, 1], `round ${round}`);
    const workers = (await fairlead.status()).workers.map(({ tunnels }) => tunnels);
    assert.deepEqual(workers, [1, 1, 1], "each worker had to choose");
    await Promise.all(clients.map((client) => client.bye()));
    await fairlead.tunnels(0);
  }
});

test("200 sockets opened at once are even over the backends and over the workers", async (t) => {
  const backends = await startEchoes(t, 3);
  const fairlead = await startFairlead(t, [...urlsOf(backends), "--workers", "2"]);
  await Promise.all(Array.from({ length: 200 }, () => openWs(t, fairlead.url)));
  const most = Math.max(...spread(backends));
  assert.ok(most / (200 / 3) < 1.1, `the backends have ${spread(backends).join("/")}`);
  const workers = (await fairlead.status()).workers.map(({ tunnels }) => tunnels);
  for (const count of workers) assert.ok(Math.abs(count - 100) <= 20, `the workers have ${workers.join("/")}`);
});
