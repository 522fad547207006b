/** What operators and probes ask. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import test, { type TestContext } from "node:test";

import { startEcho } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import { rawConnect } from "../kit/raw.ts";

const serve = async (t: TestContext): Promise<{ port: number; origin: string }> => {
  const backend = await startEcho(t);
  const { balancer } = await startBalancer(t, { backends: [backend.url], admin: "127.0.0.1:0" });
  const port = balancer.adminAddress?.port ?? 0;
  return { port, origin: `http://127.0.0.1:${port}` };
};

test("life, readiness, health and status are told as JSON", async (t) => {
  const { origin } = await serve(t);
  const get = async (path: string) => {
    const response = await fetch(`${origin}${path}`);
    assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  assert.deepEqual(await get("/livez"), { status: 200, body: { status: "alive" } });
  assert.deepEqual(await get("/readyz"), { status: 200, body: { status: "ready" } });
  assert.deepEqual((await get("/healthz?verbose")).body["status"], "healthy");
  const { body } = await get("/api/v1/status");
  assert.deepEqual([body["state"], body["tunnels"]], ["running", 0]);
});

test("what is not there is 404 and says what is; another method is 405 and says which", async (t) => {
  const { origin } = await serve(t);
  const missing = await fetch(`${origin}/nothing?secret=1`);
  assert.equal(missing.status, 404);
  assert.equal(await missing.text().then((text) => text.includes("/api/v1/status") && !text.includes("secret")), true);
  const post = await fetch(`${origin}/api/v1/status`, { method: "POST", body: "x" });
  assert.equal(post.status, 405);
  assert.equal(post.headers.get("allow"), "GET, HEAD");
});

test("HEAD gives the head only", async (t) => {
  const { origin } = await serve(t);
  const response = await fetch(`${origin}/api/v1/status`, { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
});

test("hostile Host headers, bodies and upgrades are harmless", async (t) => {
  const { port, origin } = await serve(t);
  for (const lines of [
    "Host: <script>alert(1)</script>",
    "Host: a\r\nHost: b",
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket",
    `Host: a\r\nX: ${"x".repeat(40_000)}`,
  ]) {
    const peer = await rawConnect(t, port);
    peer.write(`GET /livez HTTP/1.1\r\n${lines}\r\n\r\n`);
    assert.ok([200, 400, 431].includes((await peer.head()).status));
    peer.socket.destroy();
  }
  const large = await rawConnect(t, port);
  large.write("POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nx");
  assert.equal((await large.head()).status, 405);
  large.socket.destroy();
  const silent = connect(port, "127.0.0.1");
  await new Promise((resolve) => silent.once("connect", resolve));
  silent.resetAndDestroy();
  assert.equal((await fetch(`${origin}/livez`)).status, 200);
});
