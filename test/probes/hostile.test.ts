/** Backends that hold a probe up, or drown it. Each is given up in time, and leaves no connection behind. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { frame, OPCODE } from "../kit/frames.ts";
import { switchingHead } from "../kit/heads.ts";
import type { RawPeer } from "../kit/raw.ts";
import { askScript } from "./asking.ts";

/** Writes as fast as it is taken, until the probe ends the connection. */
const pour = async (peer: RawPeer, bytes: Uint8Array): Promise<void> => {
  while (peer.received.ended === undefined) {
    peer.write(bytes);
    await new Promise(setImmediate);
  }
};

/** A byte at a time, so slowly that nothing grows too large for as long as a probe waits. */
const drip = async (peer: RawPeer): Promise<void> => {
  while (peer.received.ended === undefined) {
    peer.write("x");
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
};

const SILENT = { signal: "heartbeat-timeout", reason: "no answer in time" };
const X = 0x78;

const upgraded = async (peer: RawPeer): Promise<void> => peer.write(switchingHead(await peer.head()));

const HELD: readonly (readonly [string, object, (peer: RawPeer) => Promise<void>])[] = [
  [
    "a head that drips",
    { kind: "http" },
    async (peer) => {
      await peer.head();
      peer.write("HTTP/1.1 200 OK\r\nX-Long: ");
      await drip(peer);
    },
  ],
  [
    "interim answers without end",
    { kind: "http" },
    async (peer) => {
      await peer.head();
      await pour(peer, Buffer.from("HTTP/1.1 100 Continue\r\n\r\n"));
    },
  ],
  [
    "a body that drips",
    { kind: "http", expect: { contains: "y" } },
    async (peer) => {
      await peer.head();
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
      await drip(peer);
    },
  ],
  [
    "a refusal that drips",
    { kind: "websocket" },
    async (peer) => {
      await peer.head();
      peer.write("HTTP/1.1 401 No");
      await drip(peer);
    },
  ],
  [
    "pings without end",
    { kind: "websocket" },
    async (peer) => {
      await upgraded(peer);
      await pour(peer, frame({ opcode: OPCODE.ping, payload: "and you?", mask: false }));
    },
  ],
  [
    "a message without end",
    { kind: "websocket", expect: { contains: "y" } },
    async (peer) => {
      await upgraded(peer);
      const part = { payload: Buffer.alloc(64 * 1024, X), fin: false, mask: false };
      peer.write(frame({ opcode: OPCODE.text, ...part }));
      await pour(peer, frame({ opcode: OPCODE.continuation, ...part }));
    },
  ],
];

for (const [what, active, script] of HELD) {
  test(`${what} holds a probe up no longer than its timeout`, async (t) => {
    const { failure } = await askScript(t, { ...active, timeout: "300ms" }, script);
    assert.deepEqual(failure, SILENT);
  });
}

for (const kind of ["http", "websocket"]) {
  test(`${kind}: a head without end is a failure as soon as it is too large`, async (t) => {
    const { failure } = await askScript(t, { kind }, async (peer) => {
      await peer.head();
      peer.write("HTTP/1.1 200 OK\r\nX-Long: ");
      await pour(peer, Buffer.alloc(4096, X));
    });
    assert.equal(failure?.signal, "dial-failed");
    assert.match(failure.reason, /overflow/i);
  });

  test(`${kind}: a head as large as tunnels take it is well`, async (t) => {
    const long = { "X-Long": "x".repeat(60_000) };
    const { failure } = await askScript(t, { kind }, async (peer) => {
      const head = await peer.head();
      if (kind === "http") {
        peer.write(`HTTP/1.1 200 OK\r\nX-Long: ${long["X-Long"]}\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      peer.write(switchingHead(head, long));
      peer.send({ opcode: OPCODE.pong, payload: (await peer.frame("a ping")).payload });
    });
    assert.equal(failure, undefined);
  });
}

test("a 101 with an extension that nobody asked for is a failure, as it is for tunnels", async (t) => {
  const { failure } = await askScript(t, { kind: "websocket" }, async (peer) => {
    peer.write(switchingHead(await peer.head(), { "Sec-WebSocket-Extensions": "permessage-deflate" }));
  });
  assert.deepEqual(failure, {
    signal: "protocol-error",
    reason: "the answer accepts an extension that was not offered",
  });
});

// Backends choose the text: without an end to it, one look could take the supervisor away from all others.
for (const kind of ["http", "websocket"]) {
  test(`${kind}: an answer that leads a regular expression astray is a failure, and soon`, async (t) => {
    const astray = `${"a".repeat(50)}b`;
    const { failure } = await askScript(t, { kind, expect: { regex: "(a+)+$" } }, async (peer) => {
      const head = await peer.head();
      if (kind === "http") {
        peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${astray.length}\r\n\r\n${astray}`);
        return;
      }
      peer.write(switchingHead(head));
      peer.text(astray);
    });
    assert.deepEqual(failure, {
      signal: "dial-failed",
      reason: "the regular expression does not come to an end with its answer",
    });
  });
}
