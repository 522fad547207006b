/** The tests' own ruler is straight: known bytes of RFC 6455 section 5.7, and what is built is what is read. */
import assert from "node:assert/strict";
import test from "node:test";
import { closeCode, closePayload, frame, OPCODE, readFrame } from "./frames.ts";
import { acceptOf, SAMPLE_KEY } from "./heads.ts";

test("the RFC's own examples come out byte by byte", () => {
  assert.equal(frame({ opcode: OPCODE.text, payload: "Hello", mask: false }).toString("hex"), "810548656c6c6f");
  const key = [0x37, 0xfa, 0x21, 0x3d];
  assert.equal(frame({ opcode: OPCODE.text, payload: "Hello", mask: key }).toString("hex"), "818537fa213d7f9f4d5158");
  assert.equal(frame({ opcode: OPCODE.text, payload: "Hel", fin: false, mask: false }).toString("hex"), "010348656c");
  assert.equal(acceptOf(SAMPLE_KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

test("every form of length is read as it was written, and nothing is read before it is complete", () => {
  for (const length of [0, 125, 126, 65_535, 65_536]) {
    for (const mask of [true, false]) {
      const payload = Buffer.alloc(length, 7);
      const bytes = frame({ opcode: OPCODE.binary, payload, mask });
      assert.equal(readFrame(bytes.subarray(0, -1)), undefined);
      const read = readFrame(Buffer.concat([bytes, Buffer.from("more")]));
      assert.equal(read?.used, bytes.length);
      assert.ok(read.value.payload.equals(payload));
      assert.equal(read.value.masked, mask);
    }
  }
});

test("a close without a code reads as 1005", () => {
  const empty = readFrame(frame({ opcode: OPCODE.close, payload: closePayload() }));
  const coded = readFrame(frame({ opcode: OPCODE.close, payload: closePayload(4000, "why") }));
  assert.equal(empty && closeCode(empty.value), 1005);
  assert.equal(coded && closeCode(coded.value), 4000);
});
