/** A backend that fails before there is a tunnel costs the client nothing but time: the next one is tried. */
import assert from "node:assert/strict";
import test from "node:test";
import { startEcho, startEchoes } from "../kit/backends.ts";
import { startBalancer, urlsOf } from "../kit/balancer.ts";
import { openWs, refusedWs, whose } from "../kit/clients.ts";
import { frame, OPCODE } from "../kit/frames.ts";
import { rawClient, startRaw } from "../kit/raw.ts";
import { deadPort, FAILING, startSilent } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";

const QUICK = { connectTimeout: "2s", handshakeTimeout: "2s" } as const;

/** Never unhealthy, so that the failing one is chosen again and again. */
const FORGIVING = { failureThreshold: 1000 };

const TURNS = 4;

for (const [failure, script] of Object.entries(FAILING)) {
  test(`a backend that ${failure} is passed over`, async (t) => {
    const [bad, good] = await Promise.all([startRaw(t, script), startEcho(t, { name: "good" })]);
    const fairlead = await startBalancer(t, {
      pools: { default: { backends: [bad.url, good.url], balance: "round-robin", dial: QUICK, health: FORGIVING } },
    });
    for (let turn = 0; turn < TURNS; turn += 1) {
      const client = await openWs(t, fairlead.url);
      assert.equal(await whose(client), "good");
      assert.equal((await client.bye()).code, 1000);
    }
    assert.ok(bad.peers.length > 0, "it was tried");
    await until(
      () => bad.peers.every((peer) => peer.socket.destroyed || peer.received.ended !== undefined),
      "it was let go",
    );
    await until(() => fairlead.records.length === TURNS, "one record for each client");
    const { pools } = await fairlead.balancer.status();
    assert.ok((pools[0]?.backends[0]?.failures ?? 0) > 0, "it was blamed");
    assert.ok(fairlead.records.some((record) => record.attempts === 2));
    assert.ok(fairlead.records.every((record) => record.backend === good.url && record.status === 101));
    await fairlead.idle();
  });
}

test("a backend that nobody listens at is passed over", async (t) => {
  const good = await startEcho(t, { name: "good" });
  const fairlead = await startBalancer(t, {
    backends: [`ws://127.0.0.1:${await deadPort()}`, good.url],
    balance: "round-robin",
  });
  for (let turn = 0; turn < TURNS; turn += 1) assert.equal(await whose(await openWs(t, fairlead.url)), "good");
});

test("a backend that accepts and never answers is passed over after handshakeTimeout", async (t) => {
  const [silent, good] = await Promise.all([startSilent(t), startEcho(t, { name: "good" })]);
  const fairlead = await startBalancer(t, {
    pools: {
      default: { backends: [silent.url, good.url], balance: "round-robin", dial: { handshakeTimeout: "1s" } },
    },
  });
  for (let turn = 0; turn < 2; turn += 1) assert.equal(await whose(await openWs(t, fairlead.url)), "good");
  await silent.peers[0]?.received.ending();
});

test("a name that cannot be resolved is passed over", async (t) => {
  const good = await startEcho(t, { name: "good" });
  const fairlead = await startBalancer(t, { backends: ["ws://nowhere.invalid:80", good.url], balance: "round-robin" });
  for (let turn = 0; turn < 2; turn += 1) assert.equal(await whose(await openWs(t, fairlead.url)), "good");
});

test("the client's handshake and its early frames go to the second backend as they went to the first", async (t) => {
  const [bad, good] = await Promise.all([startRaw(t, FAILING["answers 503"]), startEcho(t, { name: "good" })]);
  const fairlead = await startBalancer(t, { backends: [bad.url, good.url], balance: "round-robin" });
  for (let turn = 0; turn < 2; turn += 1) {
    const early = frame({ opcode: OPCODE.text, payload: "early" });
    const client = await rawClient(t, fairlead.port, { target: "/x?y=1", headers: { Cookie: "a=1" }, early });
    await client.expectText("early");
  }
  assert.deepEqual(
    good.handshakes.map((one) => [one.url, one.headers.cookie]),
    [
      ["/x?y=1", "a=1"],
      ["/x?y=1", "a=1"],
    ],
  );
});

test("when all backends are down the client gets 503 with Retry-After, never a bare close", async (t) => {
  const ports = await Promise.all([deadPort(), deadPort(), deadPort(), deadPort()]);
  const fairlead = await startBalancer(t, { backends: ports.map((port) => `ws://127.0.0.1:${port}`) });
  for (let turn = 0; turn < 5; turn += 1) {
    const refused = await refusedWs(t, fairlead.url);
    assert.equal(refused.status, 503);
    assert.match(String(refused.headers["retry-after"]), /^[1-9]\d*$/);
    assert.doesNotMatch(refused.body, /127\.0\.0\.1|:\d{4}/, "no address of ours is told");
  }
  assert.ok(fairlead.records.every((record) => record.status === 503 && record.error !== null));
  assert.ok(
    fairlead.records.every((record) => record.attempts <= 3),
    "no more than maxAttempts",
  );
});

test("when every backend refuses with 503, the client gets 503", async (t) => {
  const backends = await Promise.all([startRaw(t, FAILING["answers 503"]), startRaw(t, FAILING["answers 503"])]);
  const fairlead = await startBalancer(t, { backends: urlsOf(backends) });
  const refused = await refusedWs(t, fairlead.url);
  assert.equal(refused.status, 503);
  assert.ok(refused.headers["retry-after"]);
});

test("the budget bounds all attempts together", async (t) => {
  const silent = await Promise.all([startSilent(t), startSilent(t), startSilent(t)]);
  const fairlead = await startBalancer(t, {
    pools: { default: { backends: urlsOf(silent), dial: { handshakeTimeout: "10s", budget: "2s" } } },
  });
  assert.equal((await refusedWs(t, fairlead.url)).status, 503);
  const tried = silent.filter((backend) => backend.peers.length > 0);
  assert.equal(tried.length, 1, "the first used up the budget");
  await fairlead.idle();
});

test("a backend that keeps failing gets no new connections, and comes back by itself", async (t) => {
  const [mortal, steady] = await startEchoes(t, 2);
  assert.ok(mortal && steady);
  const health = { failureThreshold: 2, failureWindow: "0s", cooldown: "300ms", maxCooldown: "500ms" };
  const fairlead = await startBalancer(t, {
    pools: { default: { backends: [mortal.url, steady.url], balance: "round-robin", health } },
  });
  await mortal.kill();
  for (let turn = 0; turn < 6; turn += 1) assert.equal(await whose(await openWs(t, fairlead.url)), "two");
  const again = await startEcho(t, { name: "one", port: mortal.port });
  await until(
    async () => (await whose(await openWs(t, fairlead.url))) === "one",
    "the recovered backend is used again",
  );
  assert.ok(again.sockets.size > 0);
});

test("a backend that loses many tunnels at once has failed once", async (t) => {
  const [mortal, steady] = await startEchoes(t, 2);
  assert.ok(mortal && steady);
  const fairlead = await startBalancer(t, {
    pools: { default: { backends: [mortal.url, steady.url], balance: "round-robin", health: { failureThreshold: 3 } } },
  });
  const clients = await Promise.all(Array.from({ length: 20 }, () => openWs(t, fairlead.url)));
  for (const socket of mortal.sockets) socket.terminate();
  await until(() => fairlead.records.length === 10, "half of them are over");
  assert.equal(clients.length, 20);
  const names = [await whose(await openWs(t, fairlead.url)), await whose(await openWs(t, fairlead.url))];
  assert.deepEqual(names.toSorted(), ["one", "two"], "one failure is not three");
});
