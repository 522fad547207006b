import assert from "node:assert/strict";
import { test } from "node:test";

import { controlsEnd, frameEnd } from "../../src/websocket/index.ts";
import { frame, OPCODE } from "../kit/frames.ts";

for (const mask of [true, false])
  for (const [length, lengthForm] of [
    [0, 7],
    [125, 7],
    [126, 16],
    [65_535, 16],
    [3, 16],
    [65_536, 64],
    [3, 64],
  ] as const)
    test(`a frame of ${length} bytes by a length of ${lengthForm} bits has its end, ${mask ? "" : "not "}masked`, () => {
      const bytes = frame({ opcode: OPCODE.binary, payload: Buffer.alloc(length), lengthForm, mask });
      const headerBytes = bytes.length - length;
      const shifted = Buffer.concat([Buffer.from("before"), bytes, Buffer.from("behind")]);
      assert.equal(frameEnd(shifted, 6), 6 + bytes.length);
      for (let cut = 0; cut < headerBytes; cut += 1) assert.equal(frameEnd(bytes.subarray(0, cut), 0), undefined);
      assert.equal(frameEnd(bytes.subarray(0, headerBytes), 0), bytes.length, "the header is enough");
    });

test("control frames that follow each other end where another frame begins, or one is not whole", () => {
  const ping = frame({ opcode: OPCODE.ping, payload: "ping" });
  const pong = frame({ opcode: OPCODE.pong });
  const both = ping.length + pong.length;
  for (const behind of [frame({ opcode: OPCODE.text, payload: "data" }), ping.subarray(0, -1), ping.subarray(0, 1)])
    assert.equal(controlsEnd(Buffer.concat([ping, pong, behind]), 0), both);
  assert.equal(controlsEnd(Buffer.concat([ping, pong]), 0), both);
  assert.equal(controlsEnd(Buffer.concat([ping, pong]), ping.length), both);
  assert.equal(controlsEnd(frame({ opcode: OPCODE.continuation, payload: "data" }), 0), 0);
  assert.equal(controlsEnd(Buffer.alloc(0), 0), 0);
});
