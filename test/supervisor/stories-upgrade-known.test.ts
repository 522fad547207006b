/** What a process knows of backends outlives it: the one that takes over goes on from there. */
import assert from "node:assert/strict";
import test from "node:test";
import type { TestContext } from "node:test";

import type { Status } from "../../src/index.ts";
import { startEcho, startEchoes } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, whose } from "../kit/clients.ts";
import { startLaden } from "../kit/laden.ts";
import { deadPort } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";
import { configFile, openInTurn, startFairlead } from "./command.ts";
import type { Fairlead } from "./command.ts";
import { upgrade } from "./upgrading.ts";

type Backend = Status["pools"][number]["backends"][number];

const start = (t: TestContext, config: object): Promise<Fairlead> =>
  startFairlead(t, ["--config", configFile(t, { drain: "1m", ...config })]);

const backendOf = async (fairlead: Fairlead, url: string): Promise<Backend> => {
  const { pools } = await fairlead.status();
  const found = pools.flatMap(({ backends }) => backends).find(({ name }) => name === url);
  assert.ok(found);
  return found;
};

/** Moments that two processes tell of the same thing differ by what their clocks and calendars do. */
const assertSameMoment = (one: string | null, other: string | null): void => {
  assert.ok(one !== null && other !== null);
  assert.ok(Math.abs(Date.parse(one) - Date.parse(other)) < 1_000, `${one} and ${other}`);
};

/** Activity, in messages a second, that only a tunnel has that is never quiet; on any machine. */
const BUSY = 10;

/** Every kind of failure, on its own, and what the backend is then. */
const ILLNESSES = [
  {
    health: "unhealthy",
    reason: /^it could not be connected to$/,
    options: { failureThreshold: 1, cooldown: "10m", maxCooldown: "10m" },
  },
  {
    health: "ejected",
    reason: /^100 % failures, the others 0 %$/,
    options: {
      failureThreshold: 100,
      outliers: { window: "1s", minSamples: 1, ejection: "10m", maxEjection: "1h" },
    },
  },
] as const;

for (const workers of [1, 2]) {
  for (const { health, reason, options } of ILLNESSES) {
    test(`a backend that is ${health} stays so, with its reason and its time (${workers} workers)`, async (t) => {
      const well = await startEcho(t);
      const dead = `ws://127.0.0.1:${await deadPort()}`;
      const fairlead = await start(t, {
        pools: { chat: { backends: [well.url, dead], health: options } },
        workers,
      });
      await until(async () => {
        for (const client of await openInTurn(t, fairlead.url, 2)) await client.bye();
        return (await backendOf(fairlead, dead)).health === health;
      }, `it is ${health}`);
      const before = await backendOf(fairlead, dead);
      await upgrade(t, fairlead, fairlead.pid);
      const after = await backendOf(fairlead, dead);
      assert.match(after.reason, reason);
      assert.deepEqual([after.health, after.reason, after.flaps], [health, before.reason, 1]);
      assertSameMoment(after.since, before.since);
      assertSameMoment(after.outUntil, before.outUntil);
      assertSameMoment(after.stateSince, before.stateSince);
      assert.ok(after.penalty > 0.5, `the penalty is ${after.penalty}`);
      await openInTurn(t, fairlead.url, 4);
      const { failures, load } = await backendOf(fairlead, dead);
      assert.deepEqual([failures, load], [0, 0], "nobody has been sent there");
    });
  }

  test(`how fast backends answer, and what they say of their load, is known from the first socket on (${workers} workers)`, async (t) => {
    const slow = await startLaden(t, { delay: 1_500, load: "0.9" });
    const fast = await startLaden(t, { load: "0.1" });
    const fairlead = await start(t, { backends: [slow.url, fast.url], workers, balance: "fastest" });
    await until(async () => {
      for (const client of await openInTurn(t, fairlead.url, 2)) await client.bye();
      return ((await backendOf(fairlead, slow.url)).measured?.handshakeMs ?? 0) > 1_200;
    }, "the slow one has been measured");
    await upgrade(t, fairlead, fairlead.pid);
    const [known, other] = [await backendOf(fairlead, slow.url), await backendOf(fairlead, fast.url)];
    assert.ok((known.measured?.handshakeMs ?? 0) > 1_200, JSON.stringify(known));
    assert.deepEqual(
      [known, other].map(({ measured }) => measured?.reported?.load),
      [0.9, 0.1],
    );
    const handshakes = slow.handshakes();
    await openInTurn(t, fairlead.url, 6);
    assert.equal(slow.handshakes(), handshakes, "nobody has been sent to the slow one");
  });

  test(`what the tunnels of the old process carry keeps new ones away (${workers} workers)`, async (t) => {
    const backends = await startEchoes(t, 2);
    const balance = { method: "least-load", window: "1s" };
    const fairlead = await start(t, { backends: urlsOf(backends), workers, balance });
    // The oldest tunnels of each worker are the first that the old process ends.
    await openInTurn(t, fairlead.url, 4 * workers);
    const busy = await openWs(t, fairlead.url);
    const home = await whose(busy);
    const url = backends.find(({ name }) => name === home)?.url ?? "";
    const saying = setInterval(() => busy.socket.send("and again"), 5);
    lastly(t, () => clearInterval(saying));
    const activity = async (): Promise<number> => (await backendOf(fairlead, url)).measured?.activity ?? 0;
    await until(async () => (await activity()) > BUSY, "what it carries has been measured");
    await upgrade(t, fairlead, fairlead.pid);
    assert.ok((await activity()) > BUSY, "the new process knows it at once");
    assert.notEqual(await whose(await openWs(t, fairlead.url)), home, "the next one goes where the busy one is not");
    // Its own looks have begun, and find nothing of that in its own tunnels.
    const { started } = await fairlead.status();
    await until(() => Date.now() > Date.parse(started) + 4_000, "it has looked several times");
    assert.ok((await activity()) > BUSY, "it goes on hearing of it");
    assert.equal(busy.socket.readyState, busy.socket.OPEN, "the old process still has it");
    clearInterval(saying);
    busy.socket.terminate();
    await until(async () => (await activity()) < BUSY / 2, "and hears of its end");
  });
}
