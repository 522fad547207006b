/** Probes that open a WebSocket, at all times: those of a recovery are in probe.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { frame, OPCODE } from "../kit/frames.ts";
import { switchingHead } from "../kit/heads.ts";
import type { HeaderLines } from "../kit/heads.ts";
import type { RawPeer } from "../kit/raw.ts";
import { askScript } from "./asking.ts";

const WEBSOCKET = { kind: "websocket" };

/** Answers the handshake and the ping. */
const pong = async (peer: RawPeer, headers?: HeaderLines): Promise<void> => {
  peer.write(switchingHead(await peer.head(), headers));
  const ping = await peer.frame("a ping");
  assert.equal(ping.opcode, OPCODE.ping);
  peer.send({ opcode: OPCODE.pong, payload: ping.payload });
};

const farewell = async (peer: RawPeer): Promise<void> => {
  await peer.expectClose(1000);
  peer.half();
};

test("a pong is well, its round-trip time and the load in the 101 are told", async (t) => {
  const finding = await askScript(t, { ...WEBSOCKET, path: "/socket" }, async (peer) => {
    await pong(peer, { "Fairlead-Load": "0.4" });
    await farewell(peer);
  });
  assert.deepEqual([finding.failure, finding.load], [undefined, 0.4]);
  assert.ok((finding.rttMs ?? -1) > 0);
});

for (const status of [200, 401, 404, 503]) {
  test(`a handshake that is refused with ${status} is a failure`, async (t) => {
    const { failure } = await askScript(t, WEBSOCKET, async (peer) => {
      await peer.head();
      peer.write(`HTTP/1.1 ${status} So\r\nContent-Length: 0\r\n\r\n`);
    });
    assert.deepEqual(failure, { signal: "dial-failed", reason: `it answered ${status}` });
  });
}

test("the subprotocol is asked for, and has to be taken", async (t) => {
  const active = { ...WEBSOCKET, subprotocol: "mqtt" };
  const taken = await askScript(t, active, async (peer) => {
    const head = await peer.head();
    assert.equal(head.get("Sec-WebSocket-Protocol"), "mqtt");
    peer.write(switchingHead(head, { "Sec-WebSocket-Protocol": "mqtt" }));
    const ping = await peer.frame("a ping");
    peer.send({ opcode: OPCODE.pong, payload: ping.payload });
    await farewell(peer);
  });
  assert.equal(taken.failure, undefined);
  const ignored = await askScript(t, active, async (peer) => void peer.write(switchingHead(await peer.head())));
  assert.deepEqual(ignored.failure, { signal: "protocol-error", reason: "it does not take the subprotocol" });
  const unasked = await askScript(t, WEBSOCKET, async (peer) => {
    peer.write(switchingHead(await peer.head(), { "Sec-WebSocket-Protocol": "mqtt" }));
  });
  assert.equal(unasked.failure?.reason, "the answer names a subprotocol that was not offered, or several");
});

/** Takes the message and the ping, and answers with these frames, byte for byte or at once. */
const talking =
  (sent: string | undefined, frames: (ping: Buffer) => readonly Buffer[], pieces = false) =>
  async (peer: RawPeer): Promise<void> => {
    peer.write(switchingHead(await peer.head()));
    if (sent !== undefined) {
      const message = await peer.frame("the message");
      assert.deepEqual([message.opcode, message.masked, message.payload.toString()], [OPCODE.text, true, sent]);
    }
    const bytes = Buffer.concat(frames((await peer.frame("a ping")).payload));
    if (!pieces) peer.write(bytes);
    else for (const byte of bytes) peer.write(Uint8Array.of(byte));
  };

const text = (payload: string | Buffer, parts: object = {}): Buffer =>
  frame({ opcode: OPCODE.text, payload, mask: false, ...parts });
const answered = (ping: Buffer): Buffer => frame({ opcode: OPCODE.pong, payload: ping, mask: false });
const INIT = '{"type":"connection_init"}';
const ASKING = { ...WEBSOCKET, send: INIT, expect: { contains: "connection_ack" } };
/** For those who get no answer: long enough to get to where they wait for it. */
const IN_VAIN = { ...ASKING, timeout: "1s" };

test("a message is sent and its answer awaited, whatever else comes and in whatever pieces", async (t) => {
  const talk = (ping: Buffer): Buffer[] => [
    text("welcome"),
    answered(ping),
    text('{"type":"connection', { fin: false }),
    frame({ opcode: OPCODE.ping, payload: "and you?", mask: false }),
    text('_ack"}', { opcode: 0 }),
  ];
  for (const pieces of [false, true]) {
    const { failure } = await askScript(t, ASKING, talking(INIT, talk, pieces));
    assert.equal(failure, undefined);
  }
});

test("long messages are sent and looked at too, up to 64 KiB", async (t) => {
  const send = "é".repeat(2_000);
  const long = (padding: number) => (ping: Buffer) => [answered(ping), text(`${"x".repeat(padding)}connection_ack`)];
  assert.equal((await askScript(t, { ...ASKING, send }, talking(send, long(60_000)))).failure, undefined);
  const { failure } = await askScript(t, IN_VAIN, talking(INIT, long(70_000)));
  assert.equal(failure?.reason, "no answer in time");
});

for (const [what, frames] of [
  ["the pong alone", (ping: Buffer) => [answered(ping)]],
  ["the answer alone", () => [text("connection_ack")]],
  ["another answer", (ping: Buffer) => [answered(ping), text("connection_error")]],
  ["an answer that never ends", (ping: Buffer) => [answered(ping), text("connection_ack", { fin: false })]],
] as const) {
  test(`${what} is not enough`, async (t) => {
    const { failure } = await askScript(t, IN_VAIN, talking(INIT, frames));
    assert.deepEqual(failure, { signal: "heartbeat-timeout", reason: "no answer in time" });
  });
}

test("101 and then silence is a failure", async (t) => {
  const { failure } = await askScript(
    t,
    { ...WEBSOCKET, timeout: "1s" },
    talking(undefined, () => []),
  );
  assert.equal(failure?.signal, "heartbeat-timeout");
});

test("a Close in the place of an answer is a failure", async (t) => {
  const closing = talking(INIT, (ping) => [answered(ping), frame({ opcode: OPCODE.close, payload: "", mask: false })]);
  assert.equal((await askScript(t, ASKING, closing)).failure?.signal, "unexpected-close");
});
