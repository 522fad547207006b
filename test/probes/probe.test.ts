/** Probes, against backends that answer exactly what they are told. No connection may be left behind by any of them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { WebSocketServer } from "ws";
import type { PoolTls } from "../../src/config/index.ts";
import { probe } from "../../src/probes/index.ts";
import type { ProbeFailure } from "../../src/probes/index.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import { frame, OPCODE } from "../kit/frames.ts";
import { switchingHead } from "../kit/heads.ts";
import { startRaw } from "../kit/raw.ts";
import type { RawPeer } from "../kit/raw.ts";
import { within } from "../kit/until.ts";
import { backendAt } from "./asking.ts";

const PLAIN: PoolTls = { verify: true };
const PATIENT = { path: "/", timeout: 20_000 };

const NEVER = new AbortController().signal;

const ask = async (
  port: number,
  options = PATIENT,
  tls = PLAIN,
  secure = false,
  signal = NEVER,
): Promise<ProbeFailure | undefined> => {
  const question = { kind: "recovery", ...options } as const;
  return (await within(probe(backendAt(port, secure), tls, question, signal), "the end of a probe")).failure;
};

/** Probes a backend that plays a script once it has the handshake; checks that the connection is ended by the probe. */
const askScript = async (
  t: TestContext,
  script: (peer: RawPeer, head: Awaited<ReturnType<RawPeer["head"]>>) => unknown,
  options = PATIENT,
) => {
  const backend = await startRaw(t, async (peer) => void (await script(peer, await peer.head())));
  const failure = await ask(backend.port, options);
  for (const peer of backend.peers) await peer.received.ending();
  return failure;
};

/** Answers the handshake, and gives the ping that follows. */
const takePing = async (peer: RawPeer, head: Awaited<ReturnType<RawPeer["head"]>>) => {
  peer.write(switchingHead(head));
  const ping = await peer.frame("a ping");
  assert.deepEqual([ping.opcode, ping.masked], [OPCODE.ping, true]);
  return ping;
};

test("a ws server is well, and sees an ordinary client that closes in order", async (t) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/health" });
  await once(server, "listening");
  lastly(t, () => new Promise<void>((resolve) => void server.close(() => resolve())));
  const closed = once(server, "connection").then(([socket]) => once(socket, "close"));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  assert.equal(await ask(port, { ...PATIENT, path: "/health" }), undefined);
  const [code] = await within(closed, "the close");
  assert.equal(code, 1000);
});

test("the handshake asks for the path, and is one that RFC 6455 wants", async (t) => {
  let head: Awaited<ReturnType<RawPeer["head"]>> | undefined;
  const failure = await askScript(
    t,
    async (peer, request) => {
      head = request;
      const ping = await takePing(peer, request);
      peer.send({ opcode: OPCODE.pong, payload: ping.payload });
      await peer.expectClose(1000);
      peer.half();
    },
    { ...PATIENT, path: "/socket?probe=1" },
  );
  assert.equal(failure, undefined);
  assert.equal(head?.first, "GET /socket?probe=1 HTTP/1.1");
  assert.deepEqual(
    [head?.get("Upgrade"), head?.get("Connection"), head?.get("Sec-WebSocket-Version")],
    ["websocket", "Upgrade", "13"],
  );
  assert.equal(Buffer.from(head?.get("Sec-WebSocket-Key") ?? "", "base64").length, 16);
});

test("what comes before the pong is stepped over, in whatever pieces", async (t) => {
  const failure = await askScript(t, async (peer, head) => {
    const ping = await takePing(peer, head);
    const talk = [
      { opcode: OPCODE.text, payload: "welcome" },
      { opcode: OPCODE.ping, payload: "and you?" },
      { opcode: OPCODE.pong, payload: "unasked" },
      { opcode: OPCODE.binary, payload: Buffer.alloc(300), fin: false },
      { opcode: OPCODE.pong, payload: ping.payload },
    ];
    for (const byte of Buffer.concat(talk.map((parts) => frame({ ...parts, mask: false })))) {
      peer.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await peer.expectClose(1000);
    peer.half();
  });
  assert.equal(failure, undefined);
});

for (const status of [200, 301, 400, 401, 403, 404, 426]) {
  test(`a backend that answers ${status} is alive`, async (t) => {
    const failure = await askScript(t, (peer) => peer.write(`HTTP/1.1 ${status} So\r\nContent-Length: 0\r\n\r\n`));
    assert.equal(failure, undefined);
  });
}

const FAILURES: readonly (readonly [string, ProbeFailure["signal"], Parameters<typeof askScript>[1]])[] = [
  ["500", "dial-failed", (peer) => peer.write("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")],
  ["503", "dial-failed", (peer) => peer.write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")],
  ["garbage", "dial-failed", (peer) => peer.write("what is this?\r\n\r\n")],
  ["nothing but its end", "dial-failed", (peer) => peer.half()],
  ["a reset", "dial-failed", (peer) => peer.reset()],
  [
    "a wrong accept value",
    "protocol-error",
    (peer, head) => peer.write(switchingHead(head, { "Sec-WebSocket-Accept": "d3Jvbmc=" })),
  ],
  [
    "no accept value",
    "protocol-error",
    (peer, head) => peer.write(switchingHead(head, { "Sec-WebSocket-Accept": undefined })),
  ],
  [
    "frames that are broken",
    "protocol-error",
    async (peer, head) => {
      await takePing(peer, head);
      peer.send({ opcode: 5 });
    },
  ],
  [
    "masked frames",
    "protocol-error",
    async (peer, head) => {
      const { payload } = await takePing(peer, head);
      peer.send({ opcode: OPCODE.pong, payload, mask: true });
    },
  ],
  [
    "a Close instead of a pong",
    "unexpected-close",
    async (peer, head) => {
      await takePing(peer, head);
      peer.close(1001);
    },
  ],
  [
    "its end instead of a pong",
    "unexpected-close",
    async (peer, head) => {
      await takePing(peer, head);
      peer.half();
    },
  ],
  [
    "a reset instead of a pong",
    "unexpected-close",
    async (peer, head) => {
      await takePing(peer, head);
      peer.reset();
    },
  ],
];

for (const [what, signal, script] of FAILURES) {
  test(`${what} is ${signal}`, async (t) => {
    const failure = await askScript(t, script);
    assert.equal(failure?.signal, signal, failure?.reason);
    assert.ok(failure.reason.length > 0);
  });
}

for (const [what, script] of [
  ["an answer", () => {}],
  ["the rest of an answer", (peer) => peer.write("HTTP/1.1 101 Swit")],
  ["a pong", takePing],
  [
    "the right pong",
    async (peer, head) => {
      await takePing(peer, head);
      peer.send({ opcode: OPCODE.pong, payload: "another" });
    },
  ],
] as readonly (readonly [string, Parameters<typeof askScript>[1]])[]) {
  test(`a backend that never gives ${what} is silent, and its connection is let go`, async (t) => {
    const failure = await askScript(t, script, { path: "/", timeout: 200 });
    assert.deepEqual(failure, { signal: "heartbeat-timeout", reason: "no answer in time" });
  });
}

for (const [when, script] of [
  ["before the answer", () => {}],
  ["before the pong", takePing],
] as readonly (readonly [string, Parameters<typeof askScript>[1]])[]) {
  test(`a probe that is given up ${when} ends at once, and its connection with it`, async (t) => {
    const stop = new AbortController();
    const backend = await startRaw(t, async (peer) => {
      await script(peer, await peer.head());
      stop.abort();
    });
    const failure = await ask(backend.port, PATIENT, PLAIN, false, stop.signal);
    assert.equal(failure?.reason, "the probe was given up");
    for (const peer of backend.peers) await peer.received.ending();
  });
}

test("a probe that was given up before it began dials nobody", async (t) => {
  const backend = await startRaw(t);
  const failure = await ask(backend.port, PATIENT, PLAIN, false, AbortSignal.abort());
  assert.equal(failure?.reason, "the probe was given up");
  assert.equal(backend.peers.length, 0);
});

test("a port that nobody listens at is a failed dial", async (t) => {
  const backend = await startRaw(t);
  await backend.close();
  assert.equal((await ask(backend.port))?.signal, "dial-failed");
});

test("over TLS the certificate is verified as it is for tunnels", async (t) => {
  const { cert, key } = certificateFor(["backend.test"]);
  const https = createServer({ cert, key });
  const server = new WebSocketServer({ server: https });
  https.listen(0, "127.0.0.1");
  await once(https, "listening");
  lastly(t, async () => {
    for (const client of server.clients) client.terminate();
    https.close();
    https.closeAllConnections();
    await once(https, "close");
  });
  const { port } = https.address() as AddressInfo; // a TCP server that listens has one
  const { cert: ca } = authority();
  const trusting = { ca, verify: true, servername: "backend.test" };
  assert.equal(await ask(port, PATIENT, trusting, true), undefined);
  assert.equal((await ask(port, PATIENT, { ca, verify: true }, true))?.signal, "dial-failed", "another name");
  assert.equal((await ask(port, PATIENT, { verify: true, servername: "backend.test" }, true))?.signal, "dial-failed");
  assert.equal(await ask(port, PATIENT, { verify: false }, true), undefined);
});
