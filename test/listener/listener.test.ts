/** What comes in before anybody has judged it: heads, garbage, time, and connections that end. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";

import type { ConfigInput } from "../../src/index.ts";
import { startEcho } from "../kit/backends.ts";
import { startBalancer, type Harbour } from "../kit/balancer.ts";
import { upgradeHead } from "../kit/heads.ts";
import { rawConnect, type RawPeer } from "../kit/raw.ts";
import { until } from "../kit/until.ts";

const serve = async (t: TestContext, limits: ConfigInput["limits"] = {}): Promise<Harbour> => {
  const backend = await startEcho(t, { name: "one" });
  return startBalancer(t, { backends: [backend.url], limits });
};

const ask = async (t: TestContext, harbour: Harbour, text: string): Promise<RawPeer> => {
  const peer = await rawConnect(t, harbour.port);
  peer.write(text);
  return peer;
};

/** Sends something that is refused; it leaves one record, and the connection ends. */
const refused = async (
  t: TestContext,
  text: string,
  status: number,
  limits: ConfigInput["limits"] = {},
): Promise<void> => {
  const harbour = await serve(t, limits);
  const peer = await ask(t, harbour, text);
  const head = await peer.head();
  assert.equal(head.status, status);
  assert.equal(head.get("Connection"), "close");
  await peer.expectEnd();
  const record = await harbour.record(() => true);
  assert.deepEqual([record.status, record.error], [status, "CLIENT_BAD_REQUEST"]);
  assert.equal(harbour.records.length, 1);
  assert.ok(harbour.logs.some(({ message }) => message.startsWith("a bad request was refused")));
};

test("a head that is too large is 431", async (t) => {
  await refused(t, `GET / HTTP/1.1\r\nHost: a\r\nX-Large: ${"x".repeat(20_000)}\r\n\r\n`, 431);
});

test("a head that goes on without end is 431, and its sender can read it", async (t) => {
  const harbour = await serve(t);
  const peer = await ask(t, harbour, "GET / HTTP/1.1\r\nHost: a\r\n");
  let sending = true;
  const send = (): void => {
    if (!sending) return;
    peer.write(`X-More: ${"x".repeat(1_000)}\r\n`);
    setImmediate(send);
  };
  send();
  const head = await peer.head();
  sending = false;
  assert.equal(head.status, 431);
  await harbour.record(({ status }) => status === 431);
  assert.equal(harbour.records.length, 1);
});

test("a head that does not come to its end in time is 408, no later than a second after its time", async (t) => {
  const begun = performance.now();
  await refused(t, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", 408, { headTimeout: "500ms" });
  const took = performance.now() - begun;
  assert.ok(took > 400 && took < 6_000, `it took ${took} ms`);
});

test("a connection that says nothing is 408, too", async (t) => {
  await refused(t, "", 408, { headTimeout: "300ms" });
});

test("CONNECT is 405", async (t) => {
  await refused(t, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 405);
});

test("garbage is 400", async (t) => {
  await refused(t, "\x16\x03\x01\x02 this is no HTTP\r\n\r\n", 400);
});

test("h2c is no upgrade: the request is handled as a plain one", async (t) => {
  const harbour = await serve(t);
  const upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
  const peer = await ask(t, harbour, `GET /who HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
  assert.equal((await peer.head()).status, 200);
  assert.equal((await harbour.record(() => true)).kind, "request");
});

test("pipelined plain requests are answered in order on one connection, which is kept", async (t) => {
  const harbour = await serve(t);
  const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const peer = await ask(t, harbour, request("/a") + request("/b"));
  const text = (): string => peer.received.rest().toString("latin1");
  const answers = (): number => text().split("HTTP/1.1 200").length - 1;
  await until(() => answers() === 2, "both are answered");
  peer.write(request("/c"));
  await until(() => answers() === 3, "the third is answered");
  assert.deepEqual(
    harbour.records.map(({ path }) => path).toSorted((a, b) => a.localeCompare(b)),
    ["/a", "/b", "/c"],
  );
});

test("an idle connection is closed after its keep-alive time", async (t) => {
  const harbour = await serve(t, { keepAliveTimeout: "50ms" });
  const peer = await ask(t, harbour, "GET /who HTTP/1.1\r\nHost: a\r\n\r\n");
  await peer.head();
  await peer.received.ending();
});

test("a handshake behind a request that is not answered yet does not get that answer into its tunnel", async (t) => {
  let asked = false;
  const backend = await startEcho(t, { onRequest: () => (asked = true) });
  const harbour = await startBalancer(t, { backends: [backend.url] });
  const peer = await ask(t, harbour, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => asked, "the request is under way");
  peer.write(upgradeHead("/socket"));
  assert.equal((await peer.head()).status, 400);
  await peer.expectEnd();
  await harbour.record(({ path }) => path === "/slow");
  assert.equal(harbour.records.length, 1);
});

test("garbage behind the beginning of an answer ends the connection instead of being answered within it", async (t) => {
  const backend = await startEcho(t, { onRequest: (_request, response) => void response.write("the beginning") });
  const harbour = await startBalancer(t, { backends: [backend.url] });
  const peer = await ask(t, harbour, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
  await peer.head();
  await until(() => peer.received.rest().includes("the beginning"), "the answer has begun");
  peer.write("garbage\r\n\r\n");
  await peer.received.ending();
  assert.ok(!peer.received.rest().includes("HTTP/1.1 400"));
  await harbour.record(({ path }) => path === "/long");
});

test("clients that go away in the middle of a head, or reset, leave nothing", async (t) => {
  const harbour = await serve(t);
  const half = await ask(t, harbour, "GET / HTTP/1.1\r\nHo");
  half.half();
  assert.equal((await half.head()).status, 400);
  const reset = await ask(t, harbour, "GET / HTTP/1.1\r\nHo");
  await until(async () => (await harbour.balancer.status()).connections >= 1, "it is connected");
  reset.reset();
  await until(async () => (await harbour.balancer.status()).connections === 0, "nothing is connected");
});
