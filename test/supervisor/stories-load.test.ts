/** What one worker's tunnels carry counts for all. */
import assert from "node:assert/strict";
import test from "node:test";

import { startEchoes } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { openWs, whose } from "../kit/clients.ts";
import { until } from "../kit/until.ts";
import { configFile, openInTurn, startFairlead } from "./command.ts";

test("a busy socket in one of three workers keeps the sockets of all workers away from its backend", async (t) => {
  const backends = await startEchoes(t, 2);
  const file = configFile(t, { backends: urlsOf(backends), balance: { method: "least-load", window: "2s" } });
  const fairlead = await startFairlead(t, ["--config", file, "--workers", "3"]);
  const busy = await openWs(t, fairlead.url);
  const home = await whose(busy);
  busy.socket.on("message", () => busy.socket.send("and again"));
  busy.socket.send("and again");
  // Each of these is taken for as busy as the mean until it is known to be quiet.
  await openInTurn(t, fairlead.url, 14);
  const workers = (await fairlead.status()).workers.map(({ tunnels }) => tunnels);
  assert.deepEqual(workers, [5, 5, 5], "every worker has to choose");
  await until(async () => {
    const others = await openInTurn(t, fairlead.url, 6);
    const names = await Promise.all(others.map(whose));
    await Promise.all(others.map((client) => client.bye()));
    await fairlead.tunnels(15);
    return !names.includes(home);
  }, "nobody goes where the busy one is");
});
