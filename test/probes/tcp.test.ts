/** Probes that only connect. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:tls";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { authority, certificateFor } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import type { Ending } from "../kit/incoming.ts";
import { startRaw } from "../kit/raw.ts";
import { askPort, askScript } from "./asking.ts";

const TCP = { kind: "tcp" };

test("a backend that accepts is well, and its connection is let go in order", async (t) => {
  let ending: Ending | undefined;
  const finding = await askScript(t, TCP, async (peer) => void (ending = await peer.farewell()));
  assert.deepEqual([finding.failure, finding.load], [undefined, undefined]);
  assert.ok((finding.rttMs ?? -1) > 0);
  assert.equal(ending, "fin");
});

test("a port that nobody listens at is a failed dial", async (t) => {
  const backend = await startRaw(t);
  await backend.close();
  const { failure, rttMs } = await askPort(backend.port, TCP);
  assert.deepEqual([failure?.signal, rttMs], ["dial-failed", undefined]);
  assert.match(failure?.reason ?? "", /ECONNREFUSED/);
});

test("over TLS the handshake is made, and the certificate verified as it is for tunnels", async (t) => {
  const { cert, key } = certificateFor(["backend.test"]);
  const server = createServer({ cert, key }, (socket) => void socket.on("error", () => undefined).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  lastly(t, () => new Promise<void>((resolve) => void server.close(() => resolve())));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const { cert: ca } = authority();
  const failureOf = async (tls: Parameters<typeof askPort>[2]) => (await askPort(port, TCP, tls)).failure?.signal;
  assert.equal(await failureOf({ ca, verify: true, servername: "backend.test" }), undefined);
  assert.equal(await failureOf({ ca, verify: true }), "dial-failed", "another name");
  assert.equal(await failureOf({ verify: true, servername: "backend.test" }), "dial-failed");
  assert.equal(await failureOf({ verify: false }), undefined);
});

test("a backend that accepts and never speaks TLS is silent", async (t) => {
  const backend = await startRaw(t);
  const { failure } = await askPort(backend.port, { ...TCP, timeout: "200ms" }, { verify: false });
  assert.deepEqual(failure, { signal: "heartbeat-timeout", reason: "no answer in time" });
  for (const peer of backend.peers) await peer.received.ending();
});
