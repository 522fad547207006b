/** A new process takes over: nobody is refused in between, and what is open ends at the old one's pace. */
import assert from "node:assert/strict";
import test from "node:test";
import type { TestContext } from "node:test";

import { startEcho } from "../kit/backends.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs } from "../kit/clients.ts";
import { isListening } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";
import { isAlive, openInTurn, startFairlead, storm } from "./command.ts";
import type { Fairlead, Line } from "./command.ts";

const named = (fairlead: Fairlead, message: string): Line[] => fairlead.logged().filter(({ msg }) => msg === message);

/** Ends a process that is nobody's child any more, at the end of the test. */
const killLastly = (t: TestContext, pid: number): void => {
  lastly(t, async () => {
    if (!isAlive(pid)) return;
    process.kill(pid, "SIGKILL");
    await until(() => !isAlive(pid), `${pid} is gone`);
  });
};

/** Has a process replaced, waits until the new one serves, and gives its process. */
const upgrade = async (t: TestContext, fairlead: Fairlead, pid: number): Promise<number> => {
  const before = named(fairlead, "a new instance has taken over; draining").length;
  process.kill(pid, "SIGUSR2");
  await until(
    () => named(fairlead, "a new instance has taken over; draining").length > before,
    "a new instance has taken over",
  );
  const successor = Number(named(fairlead, "a new instance has taken over; draining").at(-1)?.["successor"]);
  killLastly(t, successor);
  return successor;
};

for (const [workers, driver] of [
  ["1", "handle"],
  ["1", "stream"],
  ["2", "handle"],
  ["2", "stream"],
] as const) {
  test(`no client notices three upgrades in a row (${workers} workers, ${driver})`, async (t) => {
    const backend = await startEcho(t);
    const args = [backend.url, "--workers", workers, "--socket-driver", driver, "--drain", "2s"];
    const fairlead = await startFairlead(t, args);
    const staying = await openInTurn(t, fairlead.url, 6);
    const closed = Promise.all(
      staying.map(async (client) => ({ code: (await client.closed()).code, at: performance.now() })),
    );
    const clients = storm(t, fairlead.url, 8);
    let pid = fairlead.pid;
    for (let turn = 0; turn < 3; turn += 1) pid = await upgrade(t, fairlead, pid);
    const late = await openWs(t, fairlead.url);
    assert.ok((await clients.stop()) > 20);
    const ends = await closed;
    assert.deepEqual([...new Set(ends.map(({ code }) => code))], [1012]);
    const times = ends.map(({ at }) => at);
    assert.ok(Math.max(...times) - Math.min(...times) > 900, `they ended at ${times.map(Math.round).join(", ")}`);
    assert.equal(await fairlead.exit(), 0);
    // What has not drained yet does not answer at the admin API any more.
    assert.equal((await fetch(`${fairlead.admin}/readyz`)).status, 200);
    assert.equal(await late.ask("hello"), "hello");
    process.kill(pid, "SIGTERM");
    assert.equal((await late.closed()).code, 1012);
    await until(() => !isAlive(pid), "the last one has ended");
    assert.equal(await isListening(fairlead.port), false, "nobody has kept the address");
    const wrong = fairlead.logged().filter(({ level }) => level !== "info");
    assert.deepEqual(wrong, []);
  });
}
