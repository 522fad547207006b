/** Whom a probe asks, in which words, and by which name. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { TLSSocket } from "node:tls";

import { authority, certificateFor } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import { OPCODE } from "../kit/frames.ts";
import { switchingHead } from "../kit/heads.ts";
import type { WireHead } from "../kit/heads.ts";
import { startRaw } from "../kit/raw.ts";
import { askPort, askScript } from "./asking.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/** What a probe of either kind sends, each answered as it has to be. */
const headOf = async (t: TestContext, active: { kind: string }): Promise<WireHead> => {
  let head: WireHead | undefined;
  const { failure } = await askScript(t, active, async (peer) => {
    head = await peer.head();
    if (active.kind === "http") return peer.write(OK);
    peer.write(switchingHead(head));
    const { payload } = await peer.frame("a ping");
    peer.send({ opcode: OPCODE.pong, payload });
    await peer.expectClose(1000);
    peer.half();
  });
  assert.equal(failure, undefined);
  assert.ok(head);
  return head;
};

for (const kind of ["http", "websocket"]) {
  test(`${kind}: the Host header and others are as they are given, each once`, async (t) => {
    const headers = {
      Authorization: "Bearer x",
      Origin: "https://chat.example.com",
      "user-agent": "mine",
      "X-Empty": "",
    };
    const head = await headOf(t, { kind, ...{ host: "chat.example.com:8443", headers } });
    assert.deepEqual(head.all("host"), ["chat.example.com:8443"]);
    assert.deepEqual(head.all("user-agent"), ["mine"]);
    assert.deepEqual(
      ["authorization", "origin", "x-empty"].map((name) => head.all(name)),
      [["Bearer x"], ["https://chat.example.com"], [""]],
    );
  });

  // A URL made of it would take what follows the slashes for a host, and ask that.
  test(`${kind}: a path is asked for as it stands`, async (t) => {
    for (const path of ["//elsewhere.test/up", "/a/../b", "/\\x?y=<z>"]) {
      const head = await headOf(t, { kind, ...{ path } });
      assert.equal(head.first, `GET ${path} HTTP/1.1`);
      assert.match(head.get("Host") ?? "", /^127\.0\.0\.1:\d+$/);
    }
  });
}

test("with HEAD the head alone is asked for, and its status is judged", async (t) => {
  const active = { kind: "http", method: "HEAD", statuses: [200] };
  const answering = (status: string) =>
    askScript(t, active, async (peer) => {
      assert.equal((await peer.head()).first, "HEAD / HTTP/1.1");
      peer.write(`HTTP/1.1 ${status} So\r\nContent-Length: 100\r\n\r\n`);
    });
  assert.equal((await answering("200")).failure, undefined);
  assert.equal((await answering("503")).failure?.reason, "it answered 503");
});

for (const kind of ["tcp", "http", "websocket"]) {
  test(`${kind}: another port is asked instead of the backend's own`, async (t) => {
    const closed = await startRaw(t);
    await closed.close();
    const page = await startRaw(t, async (peer) => {
      if (kind === "tcp") return;
      const head = await peer.head();
      if (kind === "http") return peer.write(OK);
      peer.write(switchingHead(head));
      peer.send({ opcode: OPCODE.pong, payload: (await peer.frame("a ping")).payload });
    });
    assert.equal((await askPort(closed.port, { kind, port: page.port })).failure, undefined);
    assert.equal((await askPort(page.port, { kind, port: closed.port })).failure?.signal, "dial-failed");
    for (const peer of page.peers) await peer.received.ending();
  });
}

/** A page over TLS that keeps the names that were asked for by SNI, and the Host headers. */
const startPage = async (t: TestContext) => {
  const { cert, key } = certificateFor(["backend.test"]);
  const asked: (readonly [sni: unknown, host: string | undefined])[] = [];
  const server = createServer({ cert, key }, (request: IncomingMessage, response) => {
    const { servername } = request.socket as TLSSocket & { readonly servername?: unknown }; // the types do not know it
    asked.push([servername, request.headers.host]);
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  lastly(t, async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return { port, asked };
};

test("the name of TLS is the pool's, as for tunnels, whatever the Host header says", async (t) => {
  const { port, asked } = await startPage(t);
  const { cert: ca } = authority();
  const active = { kind: "http", host: "chat.example.com" };
  const trusting = { ca, verify: true, servername: "backend.test" };
  assert.equal((await askPort(port, active, trusting)).failure, undefined);
  const nameless = await askPort(port, { ...active, host: "backend.test" }, { ca, verify: true });
  assert.equal(
    nameless.failure?.signal,
    "dial-failed",
    "the backend is an address, which the certificate does not hold",
  );
  assert.equal((await askPort(port, active, { verify: false })).failure, undefined);
  assert.deepEqual(asked, [
    ["backend.test", "chat.example.com"],
    [false, "chat.example.com"],
  ]);
});

test("another port may speak TLS where the backend does not, and the other way round", async (t) => {
  const { port, asked } = await startPage(t);
  const { cert: ca } = authority();
  const plain = await startRaw(t, async (peer) => {
    await peer.head();
    peer.write(OK);
  });
  const tls = { ca, verify: true, servername: "backend.test" };
  assert.equal((await askPort(plain.port, { kind: "http", port: plain.port, tls: false }, tls)).failure, undefined);
  assert.equal((await askPort(port, { kind: "tcp", port, tls: true }, tls)).failure, undefined);
  assert.equal((await askPort(port, { kind: "http", port, tls: true })).failure?.signal, "dial-failed", "not trusted");
  assert.equal(asked.length, 0);
});
