/** Records before the end: when a tunnel opens, and again and again while it is open. */
import assert from "node:assert/strict";
import test from "node:test";
import { startEcho } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { ask } from "../kit/http.ts";

test("with access: all a tunnel leaves a record when it opens, and one at its end; a request only the latter", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url], log: { access: "all" } });
  const client = await openWs(t, fairlead.url);
  const opened = await fairlead.record(({ phase }) => phase === "open");
  assert.deepEqual([opened.kind, opened.status, opened.tunnel, opened.progress], ["tunnel", 101, null, null]);
  await client.bye();
  const ended = await fairlead.record(({ phase }) => phase === "end");
  assert.equal(ended.id, opened.id);
  await ask(t, fairlead.origin);
  await fairlead.record(({ kind }) => kind === "request");
  assert.deepEqual(
    fairlead.records.map(({ kind, phase }) => `${kind} ${phase}`),
    ["tunnel open", "tunnel end", "request end"],
  );
});

test("with accessEvery an open tunnel tells what it has carried by now, again and again", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url], log: { accessEvery: "1s" } });
  const client = await openWs(t, fairlead.url);
  await client.ask("hello");
  const first = await fairlead.record(({ phase }) => phase === "progress");
  assert.ok(first.durationMs >= 1_000, `after ${first.durationMs} ms`);
  assert.deepEqual([first.progress?.client.messages, first.progress?.backend.bytes, first.tunnel], [1, 7, null]);
  const second = await fairlead.record(({ phase, durationMs }) => phase === "progress" && durationMs >= 2_000);
  assert.equal(second.id, first.id);
  await client.bye();
  await fairlead.record(({ phase }) => phase === "end");
});
