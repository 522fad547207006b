import assert from "node:assert/strict";
import test from "node:test";
import { frameHistogram } from "../../src/gateway/frame-histogram.ts";
import { FRAME_BYTES } from "../../src/metrics/index.ts";
import { FrameTracker, newFrameSizes } from "../../src/websocket/index.ts";
import { frame, OPCODE } from "../kit/frames.ts";

const KIB = 1024;

test("frames are counted at the power of two that they do not exceed, and control frames are not", () => {
  const sizes = newFrameSizes();
  const [masked, deflate, foreignExtensions, enforce] = [true, false, false, true];
  const tracker = new FrameTracker({ masked, deflate, foreignExtensions, messageBytesMax: Infinity, enforce, sizes });
  const lengths = [0, 1, 16, 17, 125, 126, KIB, KIB + 1, 70 * KIB];
  for (const length of lengths) tracker.scan(frame({ opcode: OPCODE.binary, payload: Buffer.alloc(length) }), 0);
  tracker.scan(frame({ opcode: OPCODE.binary, fin: false, payload: Buffer.alloc(40) }), 0);
  tracker.scan(frame({ opcode: OPCODE.continuation, payload: Buffer.alloc(0) }), 0);
  tracker.scan(frame({ opcode: OPCODE.ping, payload: Buffer.alloc(50) }), 0);
  const { counts, sum } = frameHistogram(sizes, tracker.payloadBytes);
  const at = (bound: number): number | undefined => counts[FRAME_BYTES.indexOf(bound)];
  assert.deepEqual([16, 32, 64, 128, KIB, 2 * KIB, 128 * KIB].map(at), [4, 1, 1, 2, 1, 1, 1]);
  assert.equal(
    counts.reduce((all, count) => all + count, 0),
    lengths.length + 2,
  );
  assert.equal(
    sum,
    lengths.reduce((all, length) => all + length, 40),
  );
});
