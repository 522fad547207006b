/** From the request for a WebSocket to its 101: what is accepted, what is passed on, and in which order. */
import assert from "node:assert/strict";
import test from "node:test";
import { startEcho } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import { openWs, refusedWs } from "../kit/clients.ts";
import { frame, OPCODE } from "../kit/frames.ts";
import { acceptOf, SAMPLE_KEY, switchingHead, upgradeHead, type HeaderLines } from "../kit/heads.ts";
import { rawClient, rawConnect, startRaw } from "../kit/raw.ts";
import { answers, plainAnswer } from "../kit/scripts.ts";

const GOOD: Readonly<Record<string, HeaderLines>> = {
  "Connection as Firefox sends it": { Connection: "keep-alive, Upgrade" },
  "Connection in two lines": { Connection: ["keep-alive", "Upgrade"] },
  "Connection in capitals": { Connection: "UPGRADE" },
  "Upgrade in any case": { Upgrade: "WebSocket" },
  "blanks around the tokens": { Connection: " keep-alive ,\tUpgrade ,", Upgrade: " websocket " },
  "an empty body announced": { "Content-Length": "0" },
};

for (const [name, headers] of Object.entries(GOOD)) {
  test(`an upgrade request is recognised with ${name}`, async (t) => {
    const backend = await startEcho(t);
    const fairlead = await startBalancer(t, { backends: [backend.url] });
    const client = await rawClient(t, fairlead.port, { headers });
    assert.equal(client.answer.get("Sec-WebSocket-Accept"), acceptOf(SAMPLE_KEY));
    assert.match(client.answer.get("Upgrade") ?? "", /^websocket$/i);
    client.text("hello");
    await client.expectText("hello");
    client.close(1000);
    await client.expectClose(1000);
    await client.expectEnd();
    await fairlead.idle();
  });
}

test("frames in the same segment as the request reach the backend, in order and once", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const early = Buffer.concat(["one", "two", "three"].map((payload) => frame({ opcode: OPCODE.text, payload })));
  const client = await rawClient(t, fairlead.port, { early });
  client.text("four");
  for (const payload of ["one", "two", "three", "four"]) await client.expectText(payload);
});

test("frames that come while the backend is still thinking are kept, even cut inside a frame", async (t) => {
  const backend = await startRaw(t);
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const client = await rawConnect(t, fairlead.port);
  const bytes = frame({ opcode: OPCODE.text, payload: "patience" });
  client.write(Buffer.concat([Buffer.from(upgradeHead()), bytes.subarray(0, 3)]));
  const server = await backend.peer();
  const request = await server.head();
  client.write(bytes.subarray(3));
  server.write(switchingHead(request));
  await server.expectText("patience");
  assert.equal((await client.head()).status, 101);
});

test("frames in the same segment as the backend's 101 reach the client behind the 101", async (t) => {
  const backend = await startRaw(t, async (peer) => {
    const request = await peer.head();
    const greeting = frame({ opcode: OPCODE.text, payload: "welcome", mask: false });
    peer.write(Buffer.concat([Buffer.from(switchingHead(request)), greeting]));
  });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const client = await rawClient(t, fairlead.port);
  await client.expectText("welcome");
});

test("more early data than maxEarlyData waits at the client, and is not lost", async (t) => {
  const backend = await startRaw(t);
  const fairlead = await startBalancer(t, { backends: [backend.url], limits: { maxEarlyData: "1KiB" } });
  const client = await rawConnect(t, fairlead.port);
  const payload = Buffer.alloc(3_000_000, 7);
  client.write(Buffer.concat([Buffer.from(upgradeHead()), frame({ opcode: OPCODE.binary, payload })]));
  const server = await backend.upgraded();
  assert.ok((await server.frame()).payload.equals(payload));
});

test("the handshake reaches the backend with its key, protocols, extensions, cookies and order; only forwarding headers are new", async (t) => {
  const backend = await startRaw(t);
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const headers: HeaderLines = {
    Cookie: "a=1; b=2",
    Origin: "https://example.com",
    "Sec-WebSocket-Protocol": "chat, superchat",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    "X-Odd-CASE": "kept As Is",
    "X-Twice": ["one", "two"],
    Connection: "keep-alive, Upgrade, X-Hop",
    "X-Hop": "for the next hop only",
    "X-Forwarded-For": "203.0.113.9",
  };
  const client = await rawConnect(t, fairlead.port);
  client.write(upgradeHead("/a%20b/../c?x=%2F&y", headers));
  const { request } = await backend.upgraded();
  assert.equal(request.first, "GET /a%20b/../c?x=%2F&y HTTP/1.1");
  assert.equal(request.get("Host"), "fairlead.test");
  assert.deepEqual(request.all("Sec-WebSocket-Key"), [SAMPLE_KEY]);
  assert.deepEqual(request.all("Cookie"), ["a=1; b=2"]);
  assert.deepEqual(request.all("Sec-WebSocket-Protocol"), ["chat, superchat"]);
  assert.deepEqual(request.all("X-Twice"), ["one", "two"]);
  assert.ok(request.lines.includes("X-Odd-CASE: kept As Is"));
  assert.deepEqual(request.all("X-Hop"), []);
  assert.match(request.get("Connection") ?? "", /^upgrade$/i);
  assert.deepEqual(request.all("X-Forwarded-For"), ["127.0.0.1"], "an untrusted client's own story is not told");
  assert.match(request.get("X-Forwarded-Proto") ?? "", /^(http|ws)$/);
});

test("a trusted proxy's forwarding headers are continued", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url], trustedProxies: ["127.0.0.0/8"] });
  const client = await openWs(t, fairlead.url, {
    headers: { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" },
  });
  await client.bye();
  const headers = backend.handshakes[0]?.headers;
  assert.equal(headers?.["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
  assert.equal(String(headers?.["x-forwarded-proto"]).split(",")[0], "https");
  assert.equal((await fairlead.record(() => true)).client, "203.0.113.9");
});

test("the subprotocol is the backend's choice", async (t) => {
  const backend = await startEcho(t, { protocol: (offered) => (offered.has("v2") ? "v2" : false) });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const chosen = await openWs(t, fairlead.url, { protocols: ["v1", "v2"] });
  assert.equal(chosen.socket.protocol, "v2");
  const none = await openWs(t, fairlead.url);
  assert.equal(none.socket.protocol, "");
});

test("compression is what client and backend agree on: fairlead offers and accepts nothing of its own", async (t) => {
  const plain = await startEcho(t);
  const squeezing = await startEcho(t, { deflate: { threshold: 0 } });
  const without = await startBalancer(t, { backends: [plain.url] });
  const withIt = await startBalancer(t, { backends: [squeezing.url] });
  assert.equal((await openWs(t, without.url, { perMessageDeflate: true })).socket.extensions, "");
  assert.equal((await openWs(t, withIt.url, { perMessageDeflate: false })).socket.extensions, "");
  const both = await openWs(t, withIt.url, { perMessageDeflate: { threshold: 0 } });
  assert.match(both.socket.extensions, /permessage-deflate/);
  assert.equal(await both.ask("squeezed"), "squeezed");
});

for (const status of [400, 401, 403, 404, 418, 429, 500]) {
  test(`a backend's own ${status} reaches the client unchanged, with its headers and body`, async (t) => {
    const body = "the backend says no";
    const headers = ['WWW-Authenticate: Basic realm="deck"', "X-Why: because", "Set-Cookie: a=1", "Set-Cookie: b=2"];
    const backend = await startRaw(t, answers(plainAnswer(status, body, headers)));
    const spare = await startEcho(t, { name: "spare" });
    const fairlead = await startBalancer(t, { backends: [backend.url, spare.url], balance: "round-robin" });
    const refused = [await refusal(t, fairlead.url), await refusal(t, fairlead.url)].find((one) => one !== undefined);
    assert.equal(refused?.status, status);
    assert.equal(refused?.body, body);
    assert.equal(refused?.headers["www-authenticate"], 'Basic realm="deck"');
    assert.equal(refused?.headers["x-why"], "because");
    assert.deepEqual(refused?.headers["set-cookie"], ["a=1", "b=2"]);
    await fairlead.idle();
  });
}

/** A refusal, or undefined where the spare backend took the tunnel. */
const refusal = async (
  ...[t, url]: Parameters<typeof refusedWs>
): Promise<Awaited<ReturnType<typeof refusedWs>> | undefined> => {
  try {
    return await refusedWs(t, url);
  } catch {
    return undefined;
  }
};

test("a refusal in chunks, and one that lasts until the end of the connection, reach the client whole", async (t) => {
  const chunks = "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  const backend = await startRaw(t, answers(chunks));
  const closing = await startRaw(t, answers("HTTP/1.1 403 No\r\nConnection: close\r\n\r\nhello until the end", true));
  const first = await startBalancer(t, { backends: [backend.url] });
  const second = await startBalancer(t, { backends: [closing.url] });
  assert.equal((await refusedWs(t, first.url)).body, "hello world");
  assert.equal((await refusedWs(t, second.url)).body, "hello until the end");
  await first.idle();
});

test("a backend that answers a handshake with 200 or a redirect is passed on like any refusal", async (t) => {
  const backend = await startRaw(t, answers(plainAnswer(302, "", ["Location: /login"])));
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const refused = await refusedWs(t, fairlead.url);
  assert.deepEqual([refused.status, refused.headers.location], [302, "/login"]);
});

test("a client that goes away before the 101 takes its dial with it", async (t) => {
  const backend = await startRaw(t);
  // Longer than the test waits: the dial must not just have run out of time.
  const dial = { handshakeTimeout: "10m", budget: "10m" };
  const fairlead = await startBalancer(t, { pools: { default: { backends: [backend.url], dial } } });
  for (const leave of ["reset", "half"] as const) {
    const client = await rawConnect(t, fairlead.port);
    client.write(upgradeHead());
    const server = await backend.peer();
    await server.head();
    client[leave]();
    if (leave === "half") client.socket.destroy();
    await server.farewell();
  }
  await fairlead.idle();
  await fairlead.record(() => fairlead.records.length === 2, "one record each");
  assert.deepEqual(
    fairlead.records.map((record) => record.status),
    [499, 499],
  );
});

test("a page of an origin that the route does not take gets 403; others, and programs without an Origin, get their socket", async (t) => {
  const backend = await startEcho(t, { name: "a" });
  const fairlead = await startBalancer(t, { backends: [backend.url], origins: ["https://*.deck.example"] });
  const refused = await refusedWs(t, fairlead.url, { origin: "https://evil.example" });
  assert.equal(refused.status, 403);
  for (const origin of ["https://app.deck.example", undefined]) {
    const client = await openWs(t, fairlead.url, origin === undefined ? {} : { origin });
    await client.bye();
  }
  await fairlead.idle();
  const record = await fairlead.record(({ status }) => status === 403);
  assert.equal(record.error, "ORIGIN_REFUSED");
});
