/** A process that runs out of descriptors goes on, and recovers. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import test from "node:test";

import { startEcho } from "../kit/backends.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs } from "../kit/clients.ts";
import { runProgram } from "../kit/processes.ts";
import { until } from "../kit/until.ts";
import { asFairlead } from "./command.ts";

const COMMAND = fileURLToPath(new URL("../../bin/fairlead.cjs", import.meta.url));
const DESCRIPTORS = 80;

for (const workers of ["1", "2"]) {
  test(`tunnels live through a want of descriptors, and new ones come after it (${workers} workers)`, async (t) => {
    const backend = await startEcho(t);
    const args = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json", "--workers", workers];
    const command = `ulimit -n ${DESCRIPTORS}; exec "$@"`;
    const line = ["-c", command, "sh", process.execPath, COMMAND, "serve", backend.url, ...args];
    const fairlead = await asFairlead(runProgram(t, "sh", line));
    const tunnels = await Promise.all(Array.from({ length: 4 }, () => openWs(t, fairlead.url)));
    const crowd: Socket[] = [];
    let dropped = 0;
    for (let at = 0; at < 3 * DESCRIPTORS; at += 1) {
      const socket = connect(fairlead.port, "127.0.0.1");
      lastly(t, () => void socket.destroy());
      socket.on("error", () => undefined);
      socket.on("close", () => (dropped += 1));
      socket.resume();
      crowd.push(socket);
    }
    await until(() => dropped > 0, "some find no place");
    for (const tunnel of tunnels) assert.equal(await tunnel.ask("still here"), "still here");
    for (const socket of crowd) socket.destroy();
    await until(async () => (await fairlead.status()).connections === tunnels.length, "the crowd is forgotten");
    assert.equal(await (await openWs(t, fairlead.url)).ask("again"), "again");
    for (const tunnel of tunnels) assert.equal(await tunnel.ask("still here"), "still here");
    await Promise.all(tunnels.map((tunnel) => tunnel.bye()));
    assert.equal(fairlead.child.exitCode, null);
    assert.ok(!fairlead.lines.some((text) => text.includes("ended unexpectedly")));
  });
}
