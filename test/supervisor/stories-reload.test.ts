/** Another configuration comes into force, and nobody who is connected notices. */
import assert from "node:assert/strict";
import test from "node:test";

import { startEcho, startEchoes, type EchoBackend } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { openWs, refusedWs, whose } from "../kit/clients.ts";
import { isListening } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";
import { apiOf } from "./api.ts";
import { configFile, openInTurn, storm } from "./command.ts";
import { freePorts, rewrite, startFromFile, startWith } from "./reload.ts";

const spread = (backends: readonly EchoBackend[]): number[] => backends.map(({ sockets }) => sockets.size);

for (const [workers, driver] of [
  ["1", "handle"],
  ["2", "handle"],
  ["2", "stream"],
] as const) {
  const args = ["--workers", workers, "--socket-driver", driver];
  const where = `${workers} workers, ${driver}`;

  test(`open tunnels stay, also those whose backend, route or pool changes (${where})`, async (t) => {
    const backends = await startEchoes(t, 2);
    const [one, two] = urlsOf(backends);
    const { fairlead, reload } = await startWith(t, { backends: [one, two] }, args);
    const clients = await openInTurn(t, fairlead.url, 6);
    const report = await reload({
      backends: [{ url: one, weight: 3 }, two],
      affinity: "cookie",
      secret: "a secret of at least thirty-two characters",
      tunnel: { idleTimeout: "1h" },
      limits: { maxHeadSize: "32KiB", requestTimeout: "1m" },
      origins: ["https://example.com"],
    });
    assert.equal(report.outcome, "reloaded");
    assert.ok(
      report.changes.some((line) => /weight: 1 -> 3/.test(line)),
      report.changes.join("\n"),
    );
    for (const client of clients) assert.equal(await client.ask("still here"), "still here");
    assert.deepEqual(spread(backends), [3, 3]);
    const fresh = await openInTurn(t, fairlead.url, 4);
    assert.deepEqual(spread(backends), [7, 3], "weights 3 and 1");
    assert.ok(fresh[0]?.answer?.headers["set-cookie"]?.[0]?.startsWith("fairlead="));
    assert.equal((await refusedWs(t, fairlead.url, { origin: "https://evil.example" })).status, 403);
    await Promise.all([...clients, ...fresh].map((client) => client.bye()));
    await fairlead.tunnels(0);
    const [pool] = (await fairlead.status()).pools;
    assert.deepEqual(
      pool?.backends.map(({ load, tunnels, weight }) => [load, tunnels, weight]),
      [
        [0, 7, 3],
        [0, 3, 1],
      ],
      "what was counted lives on",
    );
  });

  test(`4/4, a reload, four closed on one backend, four new ones: 4/4 again (${where})`, async (t) => {
    const backends = await startEchoes(t, 2);
    const { fairlead, reload } = await startWith(t, { backends: urlsOf(backends) }, args);
    const clients = await openInTurn(t, fairlead.url, 8);
    assert.deepEqual(spread(backends), [4, 4]);
    await reload({ backends: urlsOf(backends), tunnel: { idleTimeout: "1h" }, drain: "1s" });
    const names = await Promise.all(clients.map(whose));
    await Promise.all(clients.filter((_, at) => names[at] === "one").map((client) => client.bye()));
    await fairlead.tunnels(4);
    await openInTurn(t, fairlead.url, 4);
    assert.deepEqual(spread(backends), [4, 4]);
  });

  test(`a removed backend's tunnels end with 1012 at the pace, and an added one gets new ones (${where})`, async (t) => {
    const backends = await startEchoes(t, 3);
    const [one, two, three] = urlsOf(backends);
    const drain = { rate: 10, jitter: 0 };
    const pool = (urls: readonly unknown[]) => ({ pools: { default: { backends: urls, drain } } });
    const { fairlead, api, reload } = await startWith(t, pool([one, two]), args);
    const clients = await openInTurn(t, fairlead.url, 20);
    const names = await Promise.all(clients.map(whose));
    const ofOne = clients.filter((_, at) => names[at] === "one");
    const begun = performance.now();
    await reload(pool([two, three]));
    const ends = await Promise.all(
      ofOne.map(async (client) => ({ ...(await client.closed()), at: performance.now() - begun })),
    );
    assert.deepEqual([...new Set(ends.map(({ code }) => code))], [1012]);
    const times = ends.map(({ at }) => at);
    assert.ok(Math.max(...times) > 800, `they ended at ${times.map(Math.round).join(", ")}`);
    for (const client of clients.filter((_, at) => names[at] === "two")) assert.equal(await whose(client), "two");
    const endedMoves = async () => (await api.events()).filter(({ type }) => type === "move-ended");
    await until(async () => (await endedMoves()).length > 0, "the drain is over");
    const [ended] = await endedMoves();
    assert.deepEqual([ended?.["by"], ended?.["state"], ended?.["moved"]], ["configuration", "done", 10]);
    await openInTurn(t, fairlead.url, 10);
    assert.deepEqual(spread(backends), [0, 10, 10]);
    const causes = fairlead.logged().filter(({ msg }) => msg === "tunnel");
    assert.deepEqual([...new Set(causes.map(({ tunnel }) => (tunnel as { cause: string }).cause))], ["drain"]);
    assert.deepEqual(
      (await fairlead.status()).pools[0]?.backends.map(({ name }) => name),
      [two, three],
    );
  });

  test(`a listener comes and another goes; clients of the one that stays are never refused (${where})`, async (t) => {
    const backend = await startEcho(t);
    const [stays, goes, comes] = await freePorts(3);
    const at = (...ports: readonly (number | undefined)[]) => ({
      listen: ports.map((port) => `127.0.0.1:${port}`),
      admin: "127.0.0.1:0",
      log: { format: "json" },
      backends: [backend.url],
    });
    const file = configFile(t, at(stays, goes));
    const fairlead = await startFromFile(t, file, args);
    const api = apiOf(fairlead);
    const kept = [await openWs(t, `ws://127.0.0.1:${stays}`), await openWs(t, `ws://127.0.0.1:${goes}`)];
    const busy = storm(t, `ws://127.0.0.1:${stays}`, 4);
    for (let round = 0; round < 5; round += 1) {
      rewrite(file, round % 2 === 0 ? at(stays, comes) : at(stays, goes));
      await api.reload();
      const [on, off] = round % 2 === 0 ? [comes, goes] : [goes, comes];
      assert.equal(await isListening(on ?? 0), true, `round ${round}`);
      await until(async () => !(await isListening(off ?? 0)), "nobody listens at the other one any more");
      const client = await openWs(t, `ws://127.0.0.1:${on}`);
      assert.equal(await client.ask("here"), "here");
    }
    assert.ok((await busy.stop()) > 10);
    for (const client of kept) assert.equal(await client.ask("still here"), "still here");
    assert.deepEqual(
      (await fairlead.status()).listeners.map(({ port }) => port),
      [stays, comes],
    );
    assert.ok(!fairlead.logged().some(({ level }) => level === "error"));
  });
}
