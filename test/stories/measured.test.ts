/** What backends carry, how fast they answer and what they say of themselves decides who gets the next socket. */
import assert from "node:assert/strict";
import test from "node:test";
import { startEcho } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { startLaden } from "../kit/laden.ts";
import { startSilent } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";

for (const balance of ["least-load", "fastest"] as const) {
  test(`under ${balance} a backend that says it is full gets a sixteenth of one that says it is idle; no client hears of it`, async (t) => {
    const full = await startLaden(t, { load: "1" });
    const idle = await startLaden(t, { load: "0" });
    const fairlead = await startBalancer(t, { backends: [full.url, idle.url], balance });
    const first = await openWs(t, fairlead.url);
    const second = await openWs(t, fairlead.url);
    const told = [first, second].flatMap(({ answer }) => Object.keys(answer?.headers ?? {}));
    assert.ok(told.includes("upgrade"));
    assert.deepEqual(
      told.filter((name) => name.startsWith("fairlead")),
      [],
    );
    // Each has said it once it was chosen; from the next second on it counts.
    await until(async () => {
      const [fullBefore, idleBefore] = [full.sockets.size, idle.sockets.size];
      const clients = await Promise.all(Array.from({ length: 8 }, () => openWs(t, fairlead.url)));
      const alone = full.sockets.size === fullBefore && idle.sockets.size === idleBefore + 8;
      await Promise.all(clients.map((client) => client.bye()));
      await until(() => full.sockets.size + idle.sockets.size === fullBefore + idleBefore, "they are gone");
      return alone;
    }, "eight go to the idle one");
  });
}

test("under fastest a backend whose heartbeats take long is left alone, though its handshakes are quick", async (t) => {
  const quick = await startEcho(t);
  const frozen = await startLaden(t, {});
  const tunnel = { heartbeat: { interval: "200ms", timeout: "20s" } };
  const fairlead = await startBalancer(t, { backends: [quick.url, frozen.url], balance: "fastest", tunnel });
  await until(async () => {
    await openWs(t, fairlead.url);
    return frozen.sockets.size > 0 && quick.sockets.size > 0;
  }, "both have a socket");
  // It answers pings like a program that is busy with something else.
  for (const socket of frozen.sockets) {
    const pong = socket.pong.bind(socket);
    socket.pong = (data: Buffer) => void setTimeout(() => pong(data), 100);
  }
  await until(async () => {
    const before = frozen.handshakes();
    const clients = await Promise.all(Array.from({ length: 8 }, () => openWs(t, fairlead.url)));
    await Promise.all(clients.map((client) => client.bye()));
    return frozen.handshakes() === before;
  }, "eight go to the quick one");
});

test("under fastest a backend that lets handshakes time out counts with the time that it took", async (t) => {
  const quick = await startEcho(t);
  const silent = await startSilent(t);
  const fairlead = await startBalancer(t, {
    pools: {
      default: {
        backends: [quick.url, silent.url],
        balance: "fastest",
        dial: { handshakeTimeout: "1s" },
        health: { failureThreshold: 1000 },
      },
    },
  });
  await until(async () => {
    await openWs(t, fairlead.url);
    return silent.peers.length > 0;
  }, "the silent one was tried");
  await until(async () => {
    const before = silent.peers.length;
    const clients = await Promise.all(Array.from({ length: 8 }, () => openWs(t, fairlead.url)));
    await Promise.all(clients.map((client) => client.bye()));
    return silent.peers.length === before;
  }, "eight go to the quick one at once");
});

test("what a backend says of its load when it takes a tunnel over counts like in any other handshake", async (t) => {
  const doomed = await startEcho(t);
  const other = await startLaden(t, { load: "0.75" });
  const fairlead = await startBalancer(t, {
    backends: [
      { url: doomed.url, weight: 1_000 },
      { url: other.url, weight: 0.000_001 },
    ],
    balance: "fastest",
    tunnel: { rehome: "on" },
  });
  await openWs(t, fairlead.url);
  assert.equal(doomed.sockets.size, 1);
  const measured = async () => (await fairlead.balancer.status()).pools[0]?.backends[1]?.measured;
  assert.equal((await measured())?.reported, null);
  await doomed.kill();
  await until(async () => (await measured())?.reported?.load === 0.75, "its load is known");
  assert.ok(((await measured())?.handshakeMs ?? 0) > 0, "and how fast it was");
});
