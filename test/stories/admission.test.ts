/** Backends get no more than they may, and clients hear so in a way that they understand. */
import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";
import { WebSocket } from "ws";

import type { ConfigInput } from "../../src/index.ts";
import { startEcho, startEchoes, type EchoBackend } from "../kit/backends.ts";
import { startBalancer, urlsOf } from "../kit/balancer.ts";
import { needChromium, startBrowser } from "../kit/browser.ts";
import { openWs, refusedWs } from "../kit/clients.ts";
import { needGorilla, runGorillaClient } from "../kit/gorilla.ts";
import { closePayload, frame, OPCODE } from "../kit/frames.ts";
import { rawClient } from "../kit/raw.ts";
import { until, within } from "../kit/until.ts";

type PoolInput = NonNullable<ConfigInput["pools"]>[string];

const withAdmission = (
  backends: readonly EchoBackend[],
  admission: PoolInput["admission"],
  rest: Partial<PoolInput> = {},
): ConfigInput => ({ pools: { default: { backends: urlsOf(backends), admission, ...rest } } });

test("a handshake that finds all backends full gets 503 with Retry-After, and says so in its record", async (t) => {
  const backends = await startEchoes(t, 2);
  const fairlead = await startBalancer(t, withAdmission(backends, { maxConnections: 1 }));
  const clients = [await openWs(t, fairlead.url), await openWs(t, fairlead.url)];
  const { status, headers, body } = await refusedWs(t, fairlead.url);
  assert.equal(status, 503);
  assert.match(headers["retry-after"] ?? "", /^[1-5]$/);
  assert.equal(body, "The backends have as many connections as they take now.\n");
  const record = await fairlead.record(({ error }) => error === "OVERLOADED");
  assert.deepEqual([record.kind, record.status, record.backend, record.tunnel], ["tunnel", 503, null, null]);
  await clients[0]?.bye();
  await until(async () => (await fairlead.balancer.status()).tunnels === 1, "there is a place");
  await openWs(t, fairlead.url);
  assert.deepEqual(
    (await fairlead.balancer.status()).pools[0]?.backends.map(({ maxConnections }) => maxConnections),
    [1, 1],
  );
});

test("tunnels and requests share the limit, and a request that finds none gets 503 at once", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const queue = { size: 5, timeout: "1m" };
  const fairlead = await startBalancer(t, withAdmission([backend], { maxConnections: 1, queue }));
  const client = await openWs(t, fairlead.url);
  const refused = await fetch(fairlead.origin);
  assert.deepEqual([refused.status, refused.headers.get("retry-after") !== null], [503, true]);
  await refused.text();
  const record = await fairlead.record(({ kind }) => kind === "request");
  assert.equal(record.error, "OVERLOADED");
  await client.bye();
  await fairlead.idle();
  assert.equal(await (await fetch(fairlead.origin)).text(), "one");
});

test("clients wait in a queue, and get in one after the other as others leave", async (t) => {
  const backend = await startEcho(t);
  const queue = { size: 2, timeout: "1m" };
  const fairlead = await startBalancer(t, withAdmission([backend], { maxConnections: 1, queue }));
  const queued = async (): Promise<number | undefined> => (await fairlead.balancer.status()).pools[0]?.queued;
  const first = await openWs(t, fairlead.url);
  const order: string[] = [];
  const enter = async (name: string, place: number) => {
    const opening = openWs(t, `${fairlead.url}/${name}`).then((client) => {
      order.push(name);
      return client;
    });
    await until(async () => (await queued()) === place, `${name} waits`);
    return opening;
  };
  const opening = { second: enter("second", 1) };
  await until(async () => (await queued()) === 1, "one waits");
  const third = enter("third", 2);
  await until(async () => (await queued()) === 2, "two wait");
  assert.equal((await refusedWs(t, fairlead.url)).status, 503, "the queue is full");
  await first.bye();
  await (await opening.second).bye();
  await (await third).bye();
  assert.deepEqual(order, ["second", "third"]);
});

test("who waits too long is refused; who goes away leaves the queue, and the time for dialling begins behind it", async (t) => {
  const backend = await startEcho(t);
  const admission = { maxConnections: 1, queue: { size: 1, timeout: "3s" } };
  const fairlead = await startBalancer(t, withAdmission([backend], admission, { dial: { budget: "1s" } }));
  const client = await openWs(t, fairlead.url);
  const begun = performance.now();
  assert.equal((await refusedWs(t, fairlead.url)).status, 503);
  assert.ok(performance.now() - begun >= 2_990);
  const impatient = new WebSocket(fairlead.url);
  impatient.on("error", () => {});
  const queued = async (): Promise<number | undefined> => (await fairlead.balancer.status()).pools[0]?.queued;
  await until(async () => (await queued()) === 1, "it waits");
  impatient.terminate();
  await fairlead.record(({ status, error }) => status === 499 && error === "CLIENT_GONE");
  assert.equal(await queued(), 0);
  const later = openWs(t, fairlead.url);
  await until(async () => (await queued()) === 1, "it waits");
  await new Promise((resolve) => setTimeout(resolve, 1_200)); // longer than a dial may take
  await client.bye();
  await later;
});

test("who waits when fairlead stops is told so at once", async (t) => {
  const backend = await startEcho(t);
  const queue = { size: 1, timeout: "1m" };
  const fairlead = await startBalancer(t, withAdmission([backend], { maxConnections: 1, queue }));
  await openWs(t, fairlead.url);
  const refused = refusedWs(t, fairlead.url);
  await until(async () => (await fairlead.balancer.status()).pools[0]?.queued === 1, "it waits");
  await fairlead.stop();
  assert.equal((await refused).status, 503);
  assert.ok(fairlead.records.some(({ error, status }) => error === "STOPPED" && status === 503));
});

test("a backend sees the burst and the rate, and no more, in any second; all get in", async (t) => {
  const opened: number[] = [];
  const backend = await startEcho(t, { onSocket: () => opened.push(performance.now()) });
  const admission = { rate: 40, burst: 10, queue: { size: 100, timeout: "1m" } };
  const fairlead = await startBalancer(t, withAdmission([backend], admission));
  await Promise.all(Array.from({ length: 70 }, () => openWs(t, fairlead.url)));
  for (const begin of opened) {
    const inSecond = opened.filter((at) => at >= begin && at < begin + 1_000).length;
    // What this process notices late looks nearer to what comes behind it.
    assert.ok(inSecond <= 55, `${inSecond} in a second`);
  }
  const took = (opened.at(-1) ?? 0) - (opened[0] ?? 0);
  assert.ok(took >= 1_400, `60 behind the burst, 40 a second: ${took} ms`);
});

const CLOSING = { maxConnections: 1, refuseWith: "close" } as const;

test("with refuseWith close a ws client opens, and is closed with 1013", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, withAdmission([backend], CLOSING));
  await openWs(t, fairlead.url);
  const refused = await openWs(t, fairlead.url, { protocols: ["chat.v2", "chat.v1"] });
  assert.equal(refused.socket.protocol, "chat.v2", "the one that it likes best");
  assert.deepEqual(await refused.closed(), { code: 1013, reason: "try again later" });
  assert.deepEqual(refused.errors, []);
  const deflating = await openWs(t, fairlead.url, { perMessageDeflate: true });
  deflating.socket.send("said before the Close was seen");
  assert.equal((await deflating.closed()).code, 1013);
  const record = await fairlead.record(({ error }) => error === "OVERLOADED");
  assert.deepEqual([record.status, record.tunnel, record.attempts], [101, null, 0]);
  assert.equal(backend.handshakes.length, 1, "the backend hears nothing of it");
});

test("a client that does not answer the Close is waited for no longer than closeTimeout, and then ended", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { ...withAdmission([backend], CLOSING), tunnel: { closeTimeout: "200ms" } });
  await openWs(t, fairlead.url);
  const silent = await rawClient(t, fairlead.port);
  const begun = performance.now();
  assert.equal(silent.answer.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  assert.deepEqual(silent.answer.all("sec-websocket-protocol"), []);
  assert.equal(await silent.expectClose(1013), "try again later");
  assert.equal(await silent.expectEnd(), "fin");
  assert.ok(performance.now() - begun >= 190);
  const close = frame({ opcode: OPCODE.close, payload: closePayload(1001), mask: true });
  const early = await rawClient(t, fairlead.port, { early: close });
  await early.expectClose(1013);
  assert.equal(await early.expectEnd(), "fin", "its Close was there before ours");
});

test("a page in Chromium sees 1013, whether it offers subprotocols or not", async (t) => {
  if (!needChromium(t)) return;
  const backend = await startEcho(t, {
    onRequest: (_request, response) => void response.setHeader("Content-Type", "text/html").end("<p>a page</p>"),
  });
  const plain = await startBalancer(t, { backends: [backend.url] });
  const fairlead = await startBalancer(t, withAdmission([backend], CLOSING));
  await openWs(t, fairlead.url);
  const browser = await startBrowser(t);
  const page = await browser.newPage();
  await page.goto(plain.origin);
  const closes = (protocols: readonly string[]): Promise<unknown> =>
    page.evaluate(
      `new Promise((resolve) => {
        const socket = new WebSocket("${fairlead.url}", ${JSON.stringify(protocols)});
        let opened = false;
        socket.onopen = () => (opened = true);
        socket.onclose = ({ code, reason, wasClean }) => resolve({ opened, code, reason, wasClean });
      })`,
    );
  const seen = { opened: true, code: 1013, reason: "try again later", wasClean: true };
  assert.deepEqual(await within(closes([]), "it is closed"), seen);
  assert.deepEqual(await within(closes(["one", "two"]), "it is closed"), seen);
});

test("gorilla's client sees 1013, with the subprotocol that it offered first", async (t) => {
  if (!needGorilla(t)) return;
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, withAdmission([backend], CLOSING));
  const held = await openWs(t, fairlead.url);
  const client = runGorillaClient(t, fairlead.url, ["one", "two"]);
  await client.line(/^open: one$/);
  await client.line(/^over: websocket: close 1013: try again later$/);
  held.socket.close();
  await once(held.socket, "close");
});
