/** Bad input from either side gets a clear answer, leaves one record, and touches nobody else. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { startEcho, type EchoBackend } from "../kit/backends.ts";
import { startBalancer, type Harbour } from "../kit/balancer.ts";
import type { ConfigInput } from "../../src/index.ts";
import { openWs, type Client } from "../kit/clients.ts";
import { OPCODE } from "../kit/frames.ts";
import { SAMPLE_KEY, upgradeHead } from "../kit/heads.ts";
import { rawClient, rawConnect, startRaw, type RawPeer } from "../kit/raw.ts";
import { answers, plainAnswer, switches } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";

interface Scene {
  readonly backend: EchoBackend;
  readonly fairlead: Harbour;
  readonly bystander: Client;
}

const setScene = async (t: TestContext, config: ConfigInput = {}): Promise<Scene> => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url], ...config });
  return { backend, fairlead, bystander: await openWs(t, `${fairlead.url}/bystander`) };
};

/** Nothing is left but the bystander, who never noticed. */
const untouched = async ({ fairlead, backend, bystander }: Scene): Promise<void> => {
  assert.equal(await bystander.ask("untouched?"), "untouched?");
  await until(() => backend.sockets.size === 1, "no other tunnel is open");
  assert.equal((await bystander.bye()).code, 1000);
  await fairlead.idle();
};

/** Upgrade requests that are refused: bytes, and the statuses that may answer them. */
const REFUSED: Readonly<Record<string, readonly [bytes: string, ...statuses: number[]]>> = {
  "without a key": [upgradeHead("/", { "Sec-WebSocket-Key": undefined }), 400],
  "with two keys": [upgradeHead("/", { "Sec-WebSocket-Key": [SAMPLE_KEY, SAMPLE_KEY] }), 400],
  "with a key that is not base64": [upgradeHead("/", { "Sec-WebSocket-Key": "not base64 at all!!!!!!!" }), 400],
  "with a key of 15 bytes": [upgradeHead("/", { "Sec-WebSocket-Key": Buffer.alloc(15).toString("base64") }), 400],
  "with an empty key": [upgradeHead("/", { "Sec-WebSocket-Key": "" }), 400],
  "with version 8": [upgradeHead("/", { "Sec-WebSocket-Version": "8" }), 426],
  "without a version": [upgradeHead("/", { "Sec-WebSocket-Version": undefined }), 400, 426],
  "with two versions": [upgradeHead("/", { "Sec-WebSocket-Version": ["13", "8"] }), 400, 426],
  "by POST": [upgradeHead("/", {}, "POST"), 400, 405],
  "without a Host": [upgradeHead("/", { Host: undefined }), 400],
  "with two Hosts": [upgradeHead("/", { Host: ["a.test", "b.test"] }), 400],
  "with a Host that holds a path": [upgradeHead("/", { Host: "a.test/evil" }), 400],
  "with HTTP/1.0": [upgradeHead("/", {}, "GET", "HTTP/1.0"), 400, 426, 505],
  "with a body": [`${upgradeHead("/", { "Content-Length": "5" })}hello`, 400],
  "with a chunked body": [`${upgradeHead("/", { "Transfer-Encoding": "chunked" })}0\r\n\r\n`, 400],
  "with two lengths": [upgradeHead("/", { "Content-Length": ["5", "6"] }), 400],
  "with a header line without a colon": [upgradeHead().replace("Host:", "Nonsense\r\nHost:"), 400],
  "with a blank before a colon": [upgradeHead("/", { "X-A ": "1" }), 400],
  "with a header folded over two lines": [upgradeHead("/", { "X-A": "1\r\n folded" }), 400],
  "with a zero byte in a header": [upgradeHead("/", { "X-A": "a\u0000b" }), 400],
  "with a bare line feed in a header": [upgradeHead("/", { "X-A": "a\rb" }), 400],
  "for a target with a port that cannot be": [upgradeHead("http://a:99999999/ws"), 400],
  "for a target that is not a path": [upgradeHead("ws"), 400],
  "with a head of 100 kB": [upgradeHead("/", { "X-Long": "x".repeat(100_000) }), 431],
  "with a target of 100 kB": [upgradeHead(`/${"x".repeat(100_000)}`), 414, 431],
  "that is TLS": ["\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003", 400],
  "that is HTTP/2": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505],
};

for (const [name, [bytes, ...statuses]] of Object.entries(REFUSED)) {
  test(`a request ${name} gets ${statuses.join(" or ")}, and the connection ends`, async (t) => {
    const scene = await setScene(t);
    const client = await rawConnect(t, scene.fairlead.port);
    client.write(Buffer.from(bytes, "latin1"));
    const answer = await client.head();
    assert.ok(statuses.includes(answer.status), answer.first);
    if (answer.status === 426) assert.equal(answer.get("Sec-WebSocket-Version"), "13");
    if (answer.status === 405) assert.match(answer.get("Allow") ?? "", /GET/);
    await client.farewell();
    assert.equal(scene.backend.handshakes.length, 1, "no backend hears of it");
    await untouched(scene);
  });
}

test("a head that does not come in time gets 408 or the end of the connection", async (t) => {
  const scene = await setScene(t, { limits: { headTimeout: "2s" } });
  const slow = await rawConnect(t, scene.fairlead.port);
  slow.write("GET / HTTP/1.1\r\nHost: a.test\r\n");
  const drip = setInterval(() => slow.write("X-A: 1\r\n"), 50);
  t.after(() => clearInterval(drip));
  await slow.farewell();
  clearInterval(drip);
  assert.match(slow.received.rest().toString(), /^(HTTP\/1\.1 408 .*)?/);
  await untouched(scene);
});

test("a connection that says nothing at all does not stay", async (t) => {
  const scene = await setScene(t, { limits: { headTimeout: "2s", keepAliveTimeout: "300ms" } });
  const mute = await rawConnect(t, scene.fairlead.port);
  await mute.farewell();
  await untouched(scene);
});

test("a client that resets at any byte of its handshake does no harm", async (t) => {
  const scene = await setScene(t);
  const head = upgradeHead();
  for (let at = 0; at <= head.length; at += 17) {
    const client = await rawConnect(t, scene.fairlead.port);
    client.write(head.slice(0, at));
    client.reset();
  }
  const whole = await rawConnect(t, scene.fairlead.port);
  whole.write(head);
  whole.reset();
  await untouched(scene);
});

test("Upgrade: h2c never passes", async (t) => {
  const seen: string[] = [];
  const backend = await startRaw(t, async (peer) => {
    seen.push((await peer.head()).lines.join("\n"));
    peer.write(plainAnswer(200, "plain", ["Connection: close"]));
    peer.half();
  });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const settings = { "HTTP2-Settings": "AAMAAABkAAQAAP__", Connection: "Upgrade, HTTP2-Settings" };
  for (const upgrade of ["h2c", "websocket, h2c", "h2c, websocket", "foo"]) {
    const client = await rawConnect(t, fairlead.port);
    client.write(upgradeHead("/", { Upgrade: upgrade, ...settings }));
    const answer = await client.head();
    assert.notEqual(answer.status, 101, upgrade);
    client.reset();
  }
  for (const lines of seen) assert.doesNotMatch(lines, /h2c|http2-settings/i);
  await fairlead.idle();
});

test("a request pipelined behind an upgrade is never a request: it is broken frames", async (t) => {
  const scene = await setScene(t);
  const client = await rawClient(t, scene.fairlead.port, {
    early: Buffer.from("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
  });
  await client.expectClose(1002);
  await client.farewell();
  assert.equal(scene.backend.requests.length, 0);
  assert.equal(scene.backend.handshakes.length, 2);
  await untouched(scene);
});

test("a request pipelined behind a refused upgrade never reaches a backend", async (t) => {
  const backend = await startRaw(t, answers(plainAnswer(403, "no")));
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const client = await rawConnect(t, fairlead.port);
  client.write(`${upgradeHead()}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
  assert.equal((await client.head()).status, 403);
  await client.farewell();
  assert.equal(backend.peers.length, 1);
  assert.equal(backend.peers[0]?.received.rest().toString(), "", "nothing behind the handshake");
});

const GARBAGE: Readonly<Record<string, (peer: RawPeer) => void>> = {
  "text that is no frame": (peer) => peer.write("this is not a frame at all, it is a sentence"),
  zeros: (peer) => peer.write(Buffer.alloc(1000)),
  ones: (peer) => peer.write(Buffer.alloc(1000, 255)),
  "a huge length": (peer) => peer.send({ opcode: OPCODE.binary, claims: 2n ** 63n + 5n, lengthForm: 64 }),
  "thousands of pings": (peer) => {
    peer.write(Buffer.concat(Array.from({ length: 5000 }, () => Buffer.from([0x89, 0x80, 0, 0, 0, 0]))));
    peer.reset();
  },
  "thousands of empty fragments": (peer) => {
    peer.write(Buffer.concat(Array.from({ length: 5000 }, () => Buffer.from([0x00, 0x80, 0, 0, 0, 0]))));
    peer.reset();
  },
};

for (const [name, send] of Object.entries(GARBAGE)) {
  test(`a client that sends ${name} harms only itself`, async (t) => {
    const scene = await setScene(t);
    const client = await rawClient(t, scene.fairlead.port);
    send(client);
    await client.farewell();
    client.half();
    await scene.fairlead.record((record) => record.path === "/");
    await untouched(scene);
  });
}

for (const [name, bytes] of Object.entries({
  text: Buffer.from("garbage behind the 101"),
  ones: Buffer.alloc(500, 255),
  "masked frames": Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]),
})) {
  test(`a backend that sends ${name} behind its 101 costs the client a 1012 and nobody else anything`, async (t) => {
    const hostile = await startRaw(t, async (peer) => {
      await switches(bytes)(peer);
      await peer.farewell();
    });
    const scene = await setScene(t, {
      backends: undefined,
      pools: { bad: { backends: [hostile.url] }, good: { backends: [(await startEcho(t)).url] } },
      routes: [{ name: "bad", match: { path: "/bad" }, pool: "bad" }],
      defaultPool: "good",
    });
    const client = await rawClient(t, scene.fairlead.port, { target: "/bad" });
    await client.expectClose(1012);
    client.close(1012);
    await client.farewell();
    client.half();
    const record = await scene.fairlead.record((one) => one.path === "/bad");
    assert.equal(record.tunnel?.cause, "backend-protocol-error");
    assert.equal(await scene.bystander.ask("fine?"), "fine?");
  });
}

test("two hundred connections of every kind of abuse at once leave nothing behind", async (t) => {
  const scene = await setScene(t, { limits: { headTimeout: "2s" } });
  const abuses = Object.values(REFUSED).map(([bytes]) => bytes);
  const clients: RawPeer[] = [];
  for (let at = 0; at < 200; at += 1) {
    const client = await rawConnect(t, scene.fairlead.port);
    client.write(Buffer.from(abuses[at % abuses.length] ?? "", "latin1"));
    if (at % 3 === 0) client.reset();
    clients.push(client);
  }
  await Promise.all(clients.map((client) => client.farewell()));
  await untouched(scene);
});
