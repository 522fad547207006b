/** Log lines are for programs: each is JSON, whichever process writes it, with one record for each tunnel and request. */
import assert from "node:assert/strict";
import test from "node:test";

import { startEcho } from "../kit/backends.ts";
import { openWs } from "../kit/clients.ts";
import { until } from "../kit/until.ts";
import { startFairlead } from "./command.ts";

const FIELDS = [
  "attempts",
  "backend",
  "body",
  "client",
  "durationMs",
  "error",
  "host",
  "id",
  "kind",
  "listener",
  "method",
];
const MORE_FIELDS = ["path", "phase", "pool", "progress", "route", "started", "status", "trace", "tunnel", "worker"];

test("lines of several workers parse, each tunnel and request leaves one record, and none holds a secret", async (t) => {
  const backend = await startEcho(t);
  const args = [backend.url, "--workers", "2", "--affinity", "cookie"];
  const fairlead = await startFairlead(t, args, { FAIRLEAD_SECRET: "hidden-key-of-cookies" });
  const headers = { Cookie: "session=hidden-cookie", Authorization: "Bearer hidden-bearer" };
  const long = "x".repeat(12_000);
  const work = Array.from({ length: 20 }, async (_, at) => {
    const client = await openWs(t, `${fairlead.url}/socket/${at}/${long}?token=hidden-query`, { headers });
    await client.ask("hidden-message");
    await client.bye();
    await fetch(`http://127.0.0.1:${fairlead.port}/page/${at}?token=hidden-query`, { headers });
  });
  await Promise.all(work);
  const records = (kind: string) => fairlead.logged().filter((line) => line["kind"] === kind);
  await until(() => records("tunnel").length + records("request").length === 40, "40 records");
  assert.equal(records("tunnel").length, 20);
  assert.ok(!fairlead.lines.some((line) => line.includes("hidden")));
  const [tunnel] = records("tunnel");
  assert.ok(tunnel);
  for (const field of [...FIELDS, ...MORE_FIELDS]) assert.ok(field in tunnel, field);
  assert.equal(new Set(fairlead.logged().flatMap((line) => line["id"] ?? [])).size, 40, "every id is another");
  assert.deepEqual(new Set(records("request").map((line) => line["worker"])).size, 2, "both workers wrote");
});
