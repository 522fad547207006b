/** The listener itself: its pages, its limits, and how another process takes it over. */
import assert from "node:assert/strict";
import { spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import test from "node:test";

import { startAdmin } from "../../src/admin/index.ts";
import type { Asset } from "../../src/admin/assets.ts";
import { lastly } from "../kit/cleanup.ts";
import { ask } from "../kit/http.ts";
import { programFile } from "../kit/processes.ts";
import { within } from "../kit/until.ts";
import { createFake, startFake } from "./fake.ts";

const pageOf = (type: string, text: string): Asset => {
  const body = Buffer.from(text);
  const headers = { "Content-Type": type, "Content-Length": String(body.length), ETag: `"${body.length}"` };
  return { body, etag: headers.ETag, headers };
};

const PAGES: Readonly<Record<string, Asset>> = {
  "/": pageOf("text/html; charset=utf-8", "<!doctype html>"),
  "/dashboard/main.js": pageOf("text/javascript", "//é"),
};

const assets = (path: string): Asset | undefined => PAGES[path];

test("pages are served without a token, and not again to who has them", async (t) => {
  const { origin } = await startFake(t, { token: "0123456789abcdef" }, { assets });
  const page = await ask(t, `${origin}/?theme=dark`);
  assert.deepEqual([page.status, page.body.toString()], [200, "<!doctype html>"]);
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  const script = await ask(t, `${origin}/dashboard/main.js`);
  assert.deepEqual([script.status, script.body.length], [200, 4]);
  for (const { headers } of [page, script]) {
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
  }
  const again = await ask(t, `${origin}/`, { headers: { "If-None-Match": '"15"' } });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
});

test("pages keep the rules of names and methods", async (t) => {
  const { origin } = await startFake(t, {}, { assets });
  assert.equal((await ask(t, `${origin}/`, { headers: { Host: "evil.example" } })).status, 421);
  assert.equal((await ask(t, `${origin}/`, { method: "POST" })).status, 405);
  assert.equal((await ask(t, `${origin}/dashboard/../secret`)).status, 404);
  const head = await ask(t, `${origin}/`, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"], head.body.length], [200, "15", 0]);
});

test("another process takes the listening descriptor over, and nobody is refused in between", async (t) => {
  const { admin, origin } = await startFake(t);
  assert.ok(admin.descriptor !== undefined);
  const stdio: StdioOptions = ["pipe", "pipe", "inherit", admin.descriptor];
  const child = spawn(process.execPath, [programFile("admin-heir.ts")], { stdio });
  lastly(t, async () => {
    child.stdin?.destroy();
    if (child.exitCode === null) await once(child, "exit");
  });
  assert.ok(child.stdout !== null);
  const [told] = await within(once(child.stdout, "data"), "the heir's address");
  assert.equal(String(told), `${admin.address.port}\n`);
  await admin.close();
  const { status, body } = await ask(t, `${origin}/api/v1/status`);
  assert.deepEqual([status, JSON.parse(body.toString()).version], [200, "the heir's"]);
});

test("what cannot be listened on is told with its reason", async (t) => {
  const { port } = await startFake(t);
  const config = { host: "127.0.0.1", port, hosts: [] };
  await assert.rejects(startAdmin(config, createFake().source), { code: "LISTEN_FAILED", message: /in use/ });
  await assert.rejects(startAdmin(config, createFake().source, { descriptor: 999_999 }), { code: "LISTEN_FAILED" });
});
