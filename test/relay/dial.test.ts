/** Dialling, against servers that answer exactly what they are told. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test as nodeTest } from "node:test";
import type { TestContext } from "node:test";
import { createSecureContext, createServer as createTlsServer } from "node:tls";
import fc from "fast-check";
import { FairleadError, systemClock, Wheel } from "../../src/base/index.ts";
import type { ErrorCode } from "../../src/base/index.ts";
import { MAX_RESPONSE_HEAD_SIZE } from "../../src/http/index.ts";
import { Dial } from "../../src/relay/index.ts";
import type { DialOutcome, DialTarget } from "../../src/relay/index.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import { DRIVERS } from "../kit/drivers.ts";
import { acceptOf, SAMPLE_KEY, upgradeHead } from "../kit/heads.ts";
import { startRaw } from "../kit/raw.ts";
import type { RawPeer } from "../kit/raw.ts";
import { until, within } from "../kit/until.ts";

const UPGRADE = { key: SAMPLE_KEY, protocols: ["chat", "superchat"], extensions: [] };
const HEAD = upgradeHead("/path", { "X-Name": "café" });
const GOOD = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Accept: ${acceptOf(SAMPLE_KEY)}`,
  "",
  "",
].join("\r\n");
const LIMITS = { connectTimeout: 10_000, handshakeTimeout: 10_000 };

/** A wheel that is turned by the test. */
const standingWheel = () => {
  let skipped = 0;
  const wheel = new Wheel({ now: () => systemClock.now() + skipped, wall: () => systemClock.wall() });
  const pass = (ms: number): void => {
    skipped += ms;
    wheel.tick();
  };
  return { wheel, pass };
};

for (const driver of DRIVERS) {
  const test = (name: string, story: (t: TestContext) => Promise<void>): void =>
    void nodeTest(`${driver.name}: ${name}`, story);

  const dialTo = (t: TestContext, target: Partial<DialTarget> & { port: number }, turning = standingWheel()) => {
    const where = { name: "ws://backend:1", hostname: "127.0.0.1", tls: undefined, ...target };
    const dial = new Dial(where, HEAD, UPGRADE, LIMITS, { wheel: turning.wheel, driver });
    // Whatever a test makes of the outcome, a late failure is seen to.
    dial.outcome.catch(() => {});
    lastly(t, async () => {
      dial.abort();
      const outcome = await dial.outcome.catch(() => undefined);
      outcome?.leg.destroy();
      assert.equal(turning.wheel.size, 0, "nothing of the dial is left in the wheel");
    });
    return { dial, ...turning };
  };

  const outcomeOf = ({ dial }: { dial: Dial }): Promise<DialOutcome> => within(dial.outcome, "the outcome of a dial");

  const failureOf = async (dialled: { dial: Dial }): Promise<FairleadError> => {
    const error = await outcomeOf(dialled).then(
      () => assert.fail("the dial did not fail"),
      (failure: unknown) => failure,
    );
    assert.ok(error instanceof FairleadError, String(error));
    return error;
  };

  /** A server whose every connection gets this answer when its request has come. */
  const answering = (t: TestContext, answer: (peer: RawPeer) => void | Promise<void>) =>
    startRaw(t, async (peer) => {
      await peer.head();
      await answer(peer);
    });

  test("the client's handshake goes out as it is given, and a good 101 comes back as a leg that rests", async (t) => {
    const backend = await startRaw(t);
    const dialled = dialTo(t, { port: backend.port });
    const peer = await backend.peer();
    const request = await peer.head();
    assert.deepEqual([request.first, request.get("X-Name")], ["GET /path HTTP/1.1", "café"]);
    peer.write(GOOD);
    const outcome = await outcomeOf(dialled);
    assert.ok(outcome.kind === "upgraded");
    assert.deepEqual([outcome.response.status, outcome.early], [101, undefined]);
    assert.deepEqual([outcome.agreement.deflate, outcome.agreement.foreignExtensions], [false, false]);
    assert.ok(!outcome.leg.closed);
    assert.equal(dialled.wheel.size, 0);
  });

  test("bytes behind the 101, and those that come later, are kept in order", async (t) => {
    const backend = await answering(t, (peer) => peer.write(`${GOOD}early`));
    const outcome = await outcomeOf(dialTo(t, { port: backend.port }));
    assert.equal(Buffer.from(outcome.early ?? []).toString(), "early");
    const got: string[] = [];
    outcome.leg.listener = {
      onBytes: (bytes) => void got.push(Buffer.from(bytes).toString()),
      onEnd() {},
      onDrain() {},
      onClosed() {},
    };
    backend.peers[0]?.write(" and late");
    outcome.leg.resume();
    await until(() => got.join("") === " and late", "what came later");
  });

  test("answers of 1xx before the 101 are passed over, however everything is split", async (t) => {
    const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
    const all = Buffer.from(`${interim}${GOOD}early`);
    const cuts = fc.array(fc.integer({ min: 1, max: all.length - 1 }), { maxLength: 6 });
    const wanted: number[][] = [];
    const backend = await answering(t, async (peer) => {
      const ends = [...new Set(wanted.shift())].toSorted((a, b) => a - b);
      for (const [index, end] of [...ends, all.length].entries()) {
        peer.write(all.subarray(index === 0 ? 0 : ends[index - 1], end));
        await new Promise(setImmediate);
      }
    });
    const splits = [Array.from(all.keys()).slice(1), ...fc.sample(cuts, 60)];
    for (const split of splits) {
      wanted.push(split);
      const outcome = await outcomeOf(dialTo(t, { port: backend.port }));
      assert.equal(outcome.kind, "upgraded");
      const early = Buffer.from(outcome.early ?? []).toString();
      assert.ok("early".startsWith(early), "and nothing of the head");
      outcome.leg.destroy();
    }
  });

  test("a refusal of the backend's own is an outcome with its head, the beginning of its body, and where that ends", async (t) => {
    for (const status of [200, 302, 401, 403, 404, 426, 429, 500, 501]) {
      const backend = await answering(t, (peer) =>
        peer.write(`HTTP/1.1 ${status} No\r\nContent-Length: 4\r\n\r\nbody`),
      );
      const outcome = await outcomeOf(dialTo(t, { port: backend.port }));
      assert.ok(outcome.kind === "refused");
      assert.equal(outcome.response.status, status);
      outcome.leg.destroy();
    }
  });

  /** What a server may do, and what the dial makes of it. */
  const FAILURES: readonly (readonly [string, ErrorCode, (peer: RawPeer) => void])[] = [
    ["502", "BACKEND_UNAVAILABLE", (peer) => peer.write("HTTP/1.1 502 Bad Gateway\r\n\r\n")],
    ["503", "BACKEND_UNAVAILABLE", (peer) => peer.write("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n")],
    ["504", "BACKEND_UNAVAILABLE", (peer) => peer.write("HTTP/1.1 504 Late\r\n\r\n")],
    ["garbage", "BACKEND_BAD_HEAD", (peer) => peer.write("what is this?\r\n\r\n")],
    ["a head with bare LF", "BACKEND_BAD_HEAD", (peer) => peer.write(GOOD.replaceAll("\r\n", "\n"))],
    [
      "a head without an end",
      "BACKEND_BAD_HEAD",
      (peer) => peer.write(`HTTP/1.1 101 x\r\nX: ${"x".repeat(MAX_RESPONSE_HEAD_SIZE)}`),
    ],
    [
      "a head that is too large",
      "BACKEND_BAD_HEAD",
      (peer) => peer.write(GOOD.replace("\r\n", `\r\nX: ${"x".repeat(MAX_RESPONSE_HEAD_SIZE)}\r\n`)),
    ],
    [
      "a wrong accept value",
      "BACKEND_BAD_UPGRADE",
      (peer) => peer.write(GOOD.replace(acceptOf(SAMPLE_KEY), acceptOf("other"))),
    ],
    ["no accept value", "BACKEND_BAD_UPGRADE", (peer) => peer.write(GOOD.replace(/Sec-WebSocket-Accept.*\r\n/, ""))],
    [
      "a subprotocol that was not offered",
      "BACKEND_BAD_UPGRADE",
      (peer) => peer.write(GOOD.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")),
    ],
    [
      "an extension that was not offered",
      "BACKEND_BAD_UPGRADE",
      (peer) => peer.write(GOOD.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")),
    ],
    ["nothing but its end", "BACKEND_CLOSED_EARLY", (peer) => peer.half()],
    [
      "half a head and its end",
      "BACKEND_CLOSED_EARLY",
      (peer) => {
        peer.write(GOOD.slice(0, 50));
        peer.half();
      },
    ],
    [
      "only an interim answer and its end",
      "BACKEND_CLOSED_EARLY",
      (peer) => {
        peer.write("HTTP/1.1 100 Continue\r\n\r\n");
        peer.half();
      },
    ],
    ["a reset", "BACKEND_CLOSED_EARLY", (peer) => peer.reset()],
  ];

  for (const [what, code, play] of FAILURES) {
    test(`${what} fails the dial with ${code}, which another backend may do better`, async (t) => {
      const backend = await answering(t, play);
      const error = await failureOf(dialTo(t, { port: backend.port }));
      assert.equal(error.code, code, error.message);
      assert.ok(error.retry);
      assert.match(error.message, /^ws:\/\/backend:1/);
      for (const { received } of backend.peers) await received.ending();
    });
  }

  test("a port that nobody listens at is refused", async (t) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // a TCP server that listens has one
    server.close();
    await once(server, "close");
    assert.equal((await failureOf(dialTo(t, { port }))).code, "BACKEND_REFUSED");
  });

  test("a name that cannot be resolved is unreachable", async (t) => {
    assert.equal((await failureOf(dialTo(t, { hostname: "nobody.invalid", port: 80 }))).code, "BACKEND_UNREACHABLE");
  });

  test("a backend that never accepts fails after connectTimeout", async (t) => {
    // TLS stands for a connection that is never ready: the server accepts and says nothing.
    const backend = await startRaw(t);
    const tls = { secureContext: createSecureContext(), verify: true, servername: "" };
    const dialled = dialTo(t, { port: backend.port, tls });
    await backend.peer();
    dialled.pass(LIMITS.connectTimeout - 1_000);
    assert.equal(dialled.wheel.size, 1);
    dialled.pass(1_500);
    assert.equal((await failureOf(dialled)).code, "BACKEND_CONNECT_TIMEOUT");
  });

  test("a backend that accepts and never answers fails after handshakeTimeout, a trickle of bytes or not", async (t) => {
    for (const trickle of ["", "HTTP/1.1 1", "HTTP/1.1 100 Continue\r\n\r\n"]) {
      const backend = await startRaw(t);
      const dialled = dialTo(t, { port: backend.port });
      const peer = await backend.peer();
      await peer.head();
      if (trickle !== "") peer.write(trickle);
      dialled.pass(LIMITS.handshakeTimeout + 500);
      assert.equal((await failureOf(dialled)).code, "BACKEND_HANDSHAKE_TIMEOUT");
      await peer.received.ending();
    }
  });

  test("an abort in any phase rejects as the client's doing and leaves no socket", async (t) => {
    const nowhere = await startRaw(t);
    const atOnce = dialTo(t, { port: nowhere.port });
    atOnce.dial.abort();
    assert.equal((await failureOf(atOnce)).code, "CLIENT_GONE");
    for (const begun of ["", "HTTP/1.1 101 Swit", "HTTP/1.1 100 Continue\r\n\r\n"]) {
      const backend = await startRaw(t);
      const waiting = dialTo(t, { port: backend.port });
      const peer = await backend.peer();
      await peer.head();
      peer.write(begun);
      waiting.dial.abort();
      const error = await failureOf(waiting);
      assert.deepEqual([error.code, error.retry], ["CLIENT_GONE", false]);
      await peer.received.ending();
    }
  });

  test("an abort after the outcome changes nothing", async (t) => {
    const backend = await answering(t, (peer) => peer.write(GOOD));
    const dialled = dialTo(t, { port: backend.port });
    const outcome = await outcomeOf(dialled);
    dialled.dial.abort();
    await new Promise(setImmediate);
    assert.ok(!outcome.leg.closed);
  });

  test("a backend that goes away right behind its 101 leaves a leg that says so when it is resumed", async (t) => {
    const backend = await answering(t, (peer) => {
      peer.write(`${GOOD}last words`);
      peer.half();
    });
    const outcome = await outcomeOf(dialTo(t, { port: backend.port }));
    const told: string[] = [Buffer.from(outcome.early ?? []).toString()];
    outcome.leg.listener = {
      onBytes: (bytes) => void told.push(Buffer.from(bytes).toString()),
      onEnd: () => void told.push(", end"),
      onDrain() {},
      onClosed() {},
    };
    outcome.leg.resume();
    await until(() => told.join("") === "last words, end", "the end behind the last words");
  });

  /** A TLS server that answers every request with a good 101. */
  const startTls = async (t: TestContext, host: string): Promise<number> => {
    const { cert, key } = certificateFor([host]);
    const sockets = new Set<Socket>();
    const server = createTlsServer({ cert, key }, (socket) => void socket.once("data", () => socket.write(GOOD)));
    server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
    server.on("secureConnection", (socket) => socket.on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    lastly(t, async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    });
    return (server.address() as AddressInfo).port; // a TCP server that listens has one
  };

  test("over TLS the backend's certificate is verified against the pool's authority and the name asked for", async (t) => {
    const port = await startTls(t, "backend.test");
    const secureContext = createSecureContext({ ca: authority().cert });
    const good = await outcomeOf(dialTo(t, { port, tls: { secureContext, verify: true, servername: "backend.test" } }));
    assert.equal(good.kind, "upgraded");
    const wrongName = await failureOf(
      dialTo(t, { port, tls: { secureContext, verify: true, servername: "other.test" } }),
    );
    assert.equal(wrongName.code, "BACKEND_TLS");
    const stranger = { secureContext: createSecureContext(), verify: true, servername: "backend.test" };
    assert.equal((await failureOf(dialTo(t, { port, tls: stranger }))).code, "BACKEND_TLS");
    const careless = await outcomeOf(dialTo(t, { port, tls: { ...stranger, verify: false } }));
    assert.equal(careless.kind, "upgraded");
  });

  test("TLS towards a backend that does not speak it fails as TLS", async (t) => {
    const backend = await startRaw(t, (peer) => peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const tls = { secureContext: createSecureContext(), verify: true, servername: "" };
    assert.equal((await failureOf(dialTo(t, { port: backend.port, tls }))).code, "BACKEND_TLS");
  });
}
