/** Starting the process that is to replace this one; here it is the test's own. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import test from "node:test";
import type { TestContext } from "node:test";

import { FairleadError } from "../../src/base/index.ts";
import type { Estate } from "../../src/supervisor/index.ts";
import { startSuccessor } from "../../src/supervisor/successor.ts";
import type { Successor } from "../../src/supervisor/successor.ts";
import { descriptorOf } from "../../src/wire/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { until } from "../kit/until.ts";
import { isAlive } from "./command.ts";

/** So that what is known is another thing each time that somebody looks. */
let knownLooks = 0;

const startWith = async (t: TestContext, script: string, timeout = 20_000): Promise<Successor> => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  lastly(t, () => void server.close());
  const fd = descriptorOf(server);
  assert.ok(fd !== undefined);
  const estate: Estate = {
    secret: "secret",
    changes: [],
    ticketKeys: "keys",
    descriptors: () => [{ name: "[::1]:80", fd }],
    loads: () => Promise.resolve([["chat", "ws://a", 2]]),
    known: () => [["chat", "ws://a", { warmingSince: knownLooks++ }]],
  };
  const successor = startSuccessor(estate, { file: process.execPath, args: ["-e", script], timeout });
  lastly(t, () => until(() => !isAlive(successor.pid), "it has ended"));
  return successor;
};

const failed = (reason: RegExp) => (error: unknown) =>
  error instanceof FairleadError && error.code === "UPGRADE_FAILED" && reason.test(error.message);

test("it gets the sockets under their names, what was made, the loads, and what is known; then it is ready", async (t) => {
  const script = `
    const heard = [];
    process.on("message", (message) => {
      heard.push(message);
      const kinds = heard.map(({ type, known }) => type + (known === undefined ? "" : " with known"));
      if (!kinds.includes("loads") || !kinds.includes("loads with known")) return;
      const server = require("node:net").createServer().listen({ fd: 4 }, () => {
        const right = process.env.FAIRLEAD_INHERIT === "[::1]:80=4" && server.address().port > 0
          && heard[0].legacy.secret === "secret" && heard[0].known[0][1] === "ws://a"
          && heard[kinds.indexOf("loads")].changes[0][2] === 2
          && heard[kinds.indexOf("loads with known")].changes.length === 0;
        process.send(right ? { type: "ready" } : { type: "failed", code: "INTERNAL", message: JSON.stringify(heard) });
        server.close();
      });
    });`;
  const successor = await startWith(t, script);
  await successor.ready;
  successor.release();
});

test("one that says why it fails fails for that reason", async (t) => {
  const script = `process.send({ type: "failed", code: "LISTEN_FAILED", message: "no such address" });`;
  const { ready } = await startWith(t, script);
  await assert.rejects(ready, failed(/this one goes on: no such address \(LISTEN_FAILED\)/));
});

test("one that ends before it is ready has failed", async (t) => {
  const { ready } = await startWith(t, "process.exit(7)");
  await assert.rejects(ready, failed(/it ended with exit code 7 before it was ready/));
});

test("one that is not ready in time is ended", async (t) => {
  const { ready } = await startWith(t, `process.on("message", () => {})`, 200);
  const waiting = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(waiting));
  await assert.rejects(ready, failed(/it was not ready within 0.2 s/));
});

test("a program that is not there any more has failed", async () => {
  const nothing = { descriptors: () => [], loads: () => Promise.resolve([]), known: () => [] };
  const estate = { secret: "", changes: [], ticketKeys: "", ...nothing };
  const { ready } = startSuccessor(estate, { file: "/nowhere/node", args: [], timeout: 20_000 });
  await assert.rejects(ready, failed(/ENOENT/));
});
