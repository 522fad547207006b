/** wss: which certificate a client gets, and what it cannot break. */
import assert from "node:assert/strict";
import { once } from "node:events";
import test, { type TestContext } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";

import { startEcho } from "../kit/backends.ts";
import { startBalancer, type Harbour } from "../kit/balancer.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs } from "../kit/clients.ts";
import { rawConnect } from "../kit/raw.ts";
import { until } from "../kit/until.ts";

const serve = async (t: TestContext, headTimeout = "20s"): Promise<Harbour> => {
  const backend = await startEcho(t);
  const certificates = [
    { ...pem(["127.0.0.1", "localhost"]), hosts: [] },
    { ...pem(["chat.example.com"]) },
    { ...pem(["other.test"]), hosts: ["*.games.test"] },
  ];
  return startBalancer(t, {
    listen: [{ address: "127.0.0.1:0", tls: { certificates } }],
    backends: [backend.url],
    limits: { headTimeout },
  });
};

const pem = (hosts: readonly string[]): { cert: string; key: string } => {
  const { cert, key } = certificateFor(hosts);
  return { cert, key };
};

const handshake = async (t: TestContext, harbour: Harbour, options: ConnectionOptions): Promise<TLSSocket> => {
  const socket = connect({ port: harbour.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  lastly(t, () => void socket.destroy());
  await once(socket, "secureConnect");
  return socket;
};

test("the name that a client asks for chooses the certificate; any other name gets the first", async (t) => {
  const harbour = await serve(t);
  const names = {
    "chat.example.com": "chat.example.com",
    "CHAT.example.COM": "chat.example.com",
    "one.games.test": "other.test",
    "a.one.games.test": "127.0.0.1",
    "games.test": "127.0.0.1",
    "unknown.test": "127.0.0.1",
    "_strange-.-name_": "127.0.0.1",
  };
  for (const [servername, expected] of Object.entries(names)) {
    const socket = await handshake(t, harbour, { servername });
    assert.equal(socket.getPeerCertificate().subject.CN, expected, servername);
    socket.destroy();
  }
});

test("a verified socket echoes over TLS", async (t) => {
  const harbour = await serve(t);
  const client = await openWs(t, `wss://127.0.0.1:${harbour.port}`, { ca: authority().cert });
  assert.equal(await client.ask("hello"), "hello");
  assert.equal((await client.bye()).code, 1000);
});

test("plain text, garbage and silence on a TLS port are ended, and nobody else notices", async (t) => {
  const harbour = await serve(t, "2s");
  const bystander = await openWs(t, `wss://127.0.0.1:${harbour.port}`, { ca: authority().cert });
  for (const text of ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\x00\x05hello", "\0\0\0\0\0\0\0\0\0"]) {
    const peer = await rawConnect(t, harbour.port);
    peer.write(text);
    await peer.received.ending();
  }
  const silent = await rawConnect(t, harbour.port);
  await silent.received.ending();
  const cut = await rawConnect(t, harbour.port);
  cut.write("\x16\x03\x01\x02");
  cut.reset();
  assert.equal(await bystander.ask("untouched"), "untouched");
  await bystander.bye();
  await until(async () => (await harbour.balancer.status()).connections === 0, "nothing is connected");
});

test("a client that goes away in the middle of its TLS handshake is forgotten at once, not when its time is over", async (t) => {
  const harbour = await serve(t, "60s");
  const connections = async (): Promise<number> => (await harbour.balancer.status()).connections;
  const bystander = await handshake(t, harbour, { servername: "chat.example.com" });
  // It knows enough by now, and its own last words are still to be written.
  const leaver = await handshake(t, harbour, { servername: "chat.example.com" });
  leaver.destroy();
  await until(async () => (await connections()) === 1, "one is left");
  bystander.destroy();
  await until(async () => (await connections()) === 0, "nothing is connected");
});
