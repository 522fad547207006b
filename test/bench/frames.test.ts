import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  answerPing,
  closeFrame,
  FirstByte,
  frameBytes,
  makeFrame,
  preparedFrames,
  readFrame,
  standardPayload,
} from "../../bench/load/frames.ts";
import { ACCEPT, plainAnswerBytes, readUpgradeAnswer } from "../../bench/load/handshake.ts";
import { noTimes, pushTime, shiftTime } from "../../bench/load/times.ts";
import { FrameTracker, Scan, newFrameSizes } from "../../src/websocket/index.ts";

const SIZES = [0, 1, 64, 125, 126, 1024, 65_535, 65_536, 1024 * 1024];

test("a frame is as long as announced, and comes back whole, with and without a mask", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SIZES),
      fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined }),
      (size, mask) => {
        const payload = standardPayload(size);
        const bytes = makeFrame(payload, mask);
        assert.equal(bytes.length, frameBytes(size, mask !== undefined));
        const frame = readFrame(bytes);
        assert.ok(frame !== undefined);
        assert.ok(frame.payload.equals(payload));
        assert.equal(frame.masked, mask !== undefined);
        assert.equal(frame.next, bytes.length);
        assert.equal(readFrame(bytes.subarray(0, -1)), undefined);
      },
    ),
  );
});

test("prepared frames are valid for fairlead's own tracker", () => {
  for (const [size, masked] of [[64, true] as const, [256, false] as const, [65_536, true] as const]) {
    const options = {
      masked,
      deflate: false,
      foreignExtensions: false,
      messageBytesMax: Infinity,
      enforce: true,
      sizes: newFrameSizes(),
    };
    const tracker = new FrameTracker(options);
    const bytes = preparedFrames(size, masked, 5);
    assert.equal(bytes.length, 5 * frameBytes(size, masked));
    assert.equal(tracker.scan(bytes, 0), Scan.done);
    assert.deepEqual([tracker.messages, tracker.payloadBytes], [5, 5 * size]);
  }
});

test("a prepared client frame needs no unmasking: its payload is on the wire as it is", () => {
  assert.ok(preparedFrames(64, true).subarray(-64).equals(standardPayload(64)));
});

test("a Close says 1000, in both directions", () => {
  for (const masked of [true, false]) {
    const frame = readFrame(closeFrame(masked));
    assert.equal(frame?.first, FirstByte.close);
    assert.equal(frame.payload.readUInt16BE(), 1000);
  }
});

test("a ping among other bytes gets the pong with its payload, once it is there whole", () => {
  for (const fromProxyToBackend of [true, false]) {
    const mask = fromProxyToBackend ? Buffer.from([1, 2, 3, 4]) : undefined;
    const ping = makeFrame(Buffer.from("tag"), mask, FirstByte.ping);
    const bytes = Buffer.concat([Buffer.from("xx"), ping, Buffer.from("yy")]);
    const answered = answerPing(bytes, 2, bytes.length, fromProxyToBackend);
    assert.equal(answered?.next, 2 + ping.length);
    const pong = readFrame(answered.pong);
    assert.deepEqual([pong?.first, pong?.payload.toString(), pong?.masked], [0x8a, "tag", !fromProxyToBackend]);
    assert.equal(answerPing(bytes, 2, 2 + ping.length - 1, fromProxyToBackend), undefined);
  }
});

test("the upgrade's answer is judged: whole, 101, right accept value", () => {
  const head = (status: string, accept: string): Buffer =>
    Buffer.from(`HTTP/1.1 ${status}\r\nsec-websocket-accept: ${accept}\r\n\r\nrest`, "latin1");
  const good = head("101 Switching Protocols", ACCEPT);
  assert.equal(readUpgradeAnswer(good), good.length - 4);
  assert.equal(readUpgradeAnswer(good.subarray(0, 40)), 0);
  assert.throws(() => readUpgradeAnswer(head("502 Bad Gateway", ACCEPT)), /502 Bad Gateway/);
  assert.throws(() => readUpgradeAnswer(head("101 Switching Protocols", "AAAA")), /accept value is AAAA/);
});

test("the small answer is measured from its head, and another status is refused", () => {
  const answer = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!", "latin1");
  assert.equal(plainAnswerBytes(answer, 0), answer.length);
  assert.equal(plainAnswerBytes(Buffer.concat([answer, answer]), answer.length), answer.length);
  assert.equal(plainAnswerBytes(answer.subarray(0, 20), 0), undefined);
  assert.throws(() => plainAnswerBytes(Buffer.from("HTTP/1.1 503 No\r\n\r\n"), 0), /503/);
});

test("starts come back oldest first, however many are under way", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), (steps) => {
      const times = noTimes();
      const model: number[] = [];
      for (const [at, push] of steps.entries()) {
        if (push) {
          pushTime(times, at);
          model.push(at);
        } else assert.equal(shiftTime(times), model.shift() ?? Number.NaN);
      }
      assert.equal(times.count, model.length);
    }),
  );
});
