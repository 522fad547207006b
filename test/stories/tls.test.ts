/** wss:// on either side, with certificates that are verified. */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { once } from "node:events";
import test, { type TestContext } from "node:test";
import { startEcho } from "../kit/backends.ts";
import { startBalancer, type Harbour } from "../kit/balancer.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, refusedWs, whose, type Client } from "../kit/clients.ts";
import { rawConnect } from "../kit/raw.ts";
import { until, within } from "../kit/until.ts";
import type { ConfigInput } from "../../src/index.ts";

const pair = (hosts: readonly string[]): { cert: string; key: string } => {
  const { certFile, keyFile } = certificateFor(hosts);
  return { cert: certFile, key: keyFile };
};

const startSecure = async (t: TestContext, config: ConfigInput = {}): Promise<Harbour> => {
  const backend = await startEcho(t, { name: "plain" });
  const certificates = [
    pair(["127.0.0.1", "localhost"]),
    { ...pair(["chat.test"]), hosts: ["chat.test"] },
    pair(["*.games.test"]),
  ];
  return startBalancer(t, {
    listen: [{ address: "127.0.0.1:0", tls: { certificates } }],
    backends: [backend.url],
    ...config,
  });
};

const secureUrl = (fairlead: Harbour): string => `wss://127.0.0.1:${fairlead.port}`;

test("a wss listener serves sockets, pages and a Secure cookie", async (t) => {
  const fairlead = await startSecure(t, { affinity: "cookie" });
  const ca = authority().cert;
  const client = await openWs(t, secureUrl(fairlead), { ca });
  assert.equal(await whose(client), "plain");
  assert.match(client.answer?.headers["set-cookie"]?.[0] ?? "", /; Secure/);
  const payload = "x".repeat(500_000);
  assert.equal(await client.ask(payload), payload);
  assert.equal((await client.bye()).code, 1000);
  assert.match(fairlead.balancer.addresses[0]?.url ?? "", /^(wss|https):/);
  await fairlead.idle();
});

test("each name gets its certificate", async (t) => {
  const fairlead = await startSecure(t);
  const namesFor = async (servername: string): Promise<string | undefined> => {
    const socket = connect({
      port: fairlead.port,
      host: "127.0.0.1",
      servername,
      ca: authority().cert,
      rejectUnauthorized: false,
    });
    lastly(t, () => void socket.destroy());
    await within(once(socket, "secureConnect"), servername);
    return socket.getPeerCertificate().subjectaltname;
  };
  assert.equal(await namesFor("chat.test"), "DNS:chat.test");
  assert.equal(await namesFor("a.games.test"), "DNS:*.games.test");
  assert.match((await namesFor("unknown.test")) ?? "", /127\.0\.0\.1/);
});

test("a backend learns that its client came over TLS", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startSecure(t, { backends: [backend.url] });
  await openWs(t, secureUrl(fairlead), { ca: authority().cert });
  assert.match(String(backend.handshakes[0]?.headers["x-forwarded-proto"]), /^(https|wss)$/);
});

test("plain bytes at a TLS listener, and TLS that breaks off, do no harm", async (t) => {
  const fairlead = await startSecure(t);
  const client = await openWs(t, secureUrl(fairlead), { ca: authority().cert });
  for (const bytes of ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\u0016\u0003\u0001", ""]) {
    const stranger = await rawConnect(t, fairlead.port);
    stranger.write(Buffer.from(bytes, "latin1"));
    if (bytes.startsWith("GET")) await stranger.farewell();
    else stranger.reset();
  }
  assert.equal(await client.ask("fine?"), "fine?");
});

test("a wss backend is verified against its own authority", async (t) => {
  const backend = await startEcho(t, { name: "secure", tls: true });
  const tls = { ca: authority().certFile };
  const fairlead = await startBalancer(t, { pools: { default: { backends: [backend.url], tls } } });
  const client = await openWs(t, fairlead.url);
  assert.equal(await whose(client), "secure");
  assert.equal(await (await fetch(fairlead.origin)).text(), "secure");
  await client.bye();
  await fairlead.idle();
});

const REFUSED: Readonly<Record<string, object>> = {
  "whose authority is unknown": {},
  "that is signed by another authority": { ca: authority("other").certFile },
  "that is for another name": { ca: authority().certFile, servername: "elsewhere.test" },
};

for (const [name, tls] of Object.entries(REFUSED)) {
  test(`a wss backend with a certificate ${name} gets neither sockets nor requests`, async (t) => {
    const backend = await startEcho(t, { tls: true });
    const fairlead = await startBalancer(t, { pools: { default: { backends: [backend.url], tls } } });
    assert.equal((await refusedWs(t, fairlead.url)).status, 503);
    const plain = await fetch(fairlead.origin);
    assert.ok(plain.status === 503 || plain.status === 502, `${plain.status}`);
    await plain.arrayBuffer();
    assert.deepEqual([backend.handshakes.length, backend.requests.length], [0, 0]);
  });
}

test("verification can be turned off, and a name of one's own be verified", async (t) => {
  const nameless = await startEcho(t, { name: "nameless", tls: certificateFor(["inner.test"]) });
  const off = await startBalancer(t, { pools: { default: { backends: [nameless.url], tls: { verify: false } } } });
  assert.equal(await whose(await openWs(t, off.url)), "nameless");
  const tls = { ca: authority().certFile, servername: "inner.test" };
  const named = await startBalancer(t, { pools: { default: { backends: [nameless.url], tls } } });
  assert.equal(await whose(await openWs(t, named.url)), "nameless");
  assert.equal(await (await fetch(named.origin)).text(), "nameless");
});

test("a wss client and a wss backend, with fairlead between, lose nothing", async (t) => {
  const backend = await startEcho(t, { tls: true });
  const fairlead = await startSecure(t, {
    pools: { default: { backends: [backend.url], tls: { ca: authority().certFile } } },
    backends: undefined,
  });
  const client = await openWs(t, secureUrl(fairlead), { ca: authority().cert });
  const sent = Array.from({ length: 20 }, (_, at) => Buffer.alloc(at * 20_000, at));
  for (const payload of sent) client.socket.send(payload);
  for (const _ of sent) await client.next();
  assert.ok(client.messages.every((message, at) => message.data.equals(sent[at] ?? Buffer.alloc(0))));
  assert.equal((await client.bye(1000, "secure")).reason, "secure");
  await fairlead.idle();
});

/** Smaller than what a stream takes before it says stop, so that several wait in it at a time; in sum more than all buffers hold. */
const PIECE_BYTES = 16 * 1024;
const PIECES = 2_000;

test("what wss clients take slowly arrives as it was sent, whatever else their worker reads meanwhile", async (t) => {
  let sent = 0;
  const backend = await startEcho(t, {
    onSocket(socket) {
      let number = 0;
      const more = (): void => {
        sent += 1;
        // One at a time, so that each is read for itself.
        if (number < PIECES) socket.send(Buffer.alloc(PIECE_BYTES, number++ % 251), () => setImmediate(more));
      };
      more();
    },
  });
  const fairlead = await startSecure(t, { backends: [backend.url] });
  const open = () => openWs(t, secureUrl(fairlead), { ca: authority().cert });
  const clients = await Promise.all([open(), open(), open(), open()]);
  for (const { socket } of clients) socket.pause();
  await until(async () => {
    const before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return sent === before;
  }, "the backend is held back");
  assert.ok(sent < PIECES * clients.length);
  for (const { socket } of clients) socket.resume();
  const isOver = ({ socket, messages }: Client) => messages.length === PIECES || socket.readyState === socket.CLOSED;
  await until(() => clients.every(isOver), "all of it");
  for (const { messages, errors } of clients) {
    assert.deepEqual(errors, []);
    const changed = messages.findIndex(({ data }, at) => !data.equals(Buffer.alloc(PIECE_BYTES, at % 251)));
    assert.equal(changed, -1, "the first piece that came changed");
  }
  await Promise.all(clients.map((client) => client.bye()));
  await fairlead.idle();
});

test("a wss client's connection counts once, before its tunnel, in it and after it", async (t) => {
  const fairlead = await startSecure(t);
  const connections = async (): Promise<number> => (await fairlead.balancer.status()).connections;
  const client = await openWs(t, secureUrl(fairlead), { ca: authority().cert });
  assert.equal(await connections(), 1);
  await client.bye();
  await until(async () => (await connections()) === 0, "it is gone");
});
