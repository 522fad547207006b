import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyMask, closeFrame, controlFrame, isValidCloseCode, Opcode } from "../../src/websocket/index.ts";
import { closeCode, readFrame } from "../kit/frames.ts";
import type { Frame } from "../kit/frames.ts";

/** The one frame that these bytes are. */
const only = (bytes: Uint8Array): Frame => {
  const found = readFrame(Buffer.from(bytes));
  assert.ok(found !== undefined && found.used === bytes.length, "exactly one frame");
  return found.value;
};

const anyKey = fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined });

test("a control frame reads back as what it was made of, masked or not", () => {
  const opcodes = fc.constantFrom(Opcode.close, Opcode.ping, Opcode.pong);
  fc.assert(
    fc.property(opcodes, fc.uint8Array({ maxLength: 125 }), anyKey, (opcode, payload, key) => {
      const frame = only(controlFrame(opcode, payload, key));
      assert.deepEqual([frame.fin, frame.rsv, frame.opcode, frame.masked], [true, 0, opcode, key !== undefined]);
      assert.deepEqual(frame.payload, Buffer.from(payload));
    }),
  );
});

test("a mask key stands in the frame, and neither it nor the payload is changed by making the frame", () => {
  const [payload, key] = [Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(10, 20, 30, 40)];
  const frame = controlFrame(Opcode.ping, payload, key);
  assert.deepEqual([...frame], [0x89, 0x85, 10, 20, 30, 40, 11, 22, 29, 44, 15]);
  assert.deepEqual(
    [[...payload], [...key]],
    [
      [1, 2, 3, 4, 5],
      [10, 20, 30, 40],
    ],
  );
});

test("a Close reads back as its code and reason, cut on a character where it is too long", () => {
  const anyText = fc.string({ unit: "binary", maxLength: 200 }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 4999 }), anyText, anyKey, (code, reason, key) => {
      const frame = only(closeFrame(code, reason, key));
      assert.equal(closeCode(frame), code);
      const said = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(frame.payload.subarray(2));
      assert.ok(reason.startsWith(said));
      const next = [...reason.slice(said.length)][0] ?? "";
      if (next !== "") assert.ok(frame.payload.length + Buffer.byteLength(next) > 125, "as much as fits");
    }),
  );
});

for (const [character, kept] of [
  ["a", 123],
  ["ä", 61],
  ["€", 41],
  ["👋", 30],
] as const) {
  test(`of a long reason, ${kept} characters of ${Buffer.byteLength(character)} bytes are kept`, () => {
    const { payload } = only(closeFrame(1012, character.repeat(200), undefined));
    assert.equal(payload.subarray(2).toString(), character.repeat(kept));
  });
}

test("a Close without a code has no body, whatever the reason", () => {
  assert.deepEqual([...closeFrame(undefined, "unheard", undefined)], [0x88, 0]);
});

test("masking twice gives the bytes back, also when it is done in parts", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.nat(64),
      (bytes, key, at) => {
        const cut = Math.min(at, bytes.length);
        const masked = Uint8Array.from(bytes, (byte, index) => byte ^ key[index % 4]!);
        applyMask(masked, 0, cut, key, 0);
        applyMask(masked, cut, masked.length, key, cut);
        assert.deepEqual(masked, bytes);
      },
    ),
  );
});

/** RFC 6455 sections 7.4.1 and 7.4.2, and the registry of close codes, as ranges that a Close frame may carry. */
const ON_THE_WIRE = [
  [1000, 1003], // normal, going away, protocol error, unsupported data
  // 1004 is reserved; 1005 and 1006 stand for what did not come.
  [1007, 1011], // invalid data, policy, too big, extension missing, internal error
  [1012, 1014], // service restart, try again later, bad gateway
  // 1015 stands for a failed TLS handshake; up to 2999 nothing is registered.
  [3000, 3999], // libraries and frameworks
  [4000, 4999], // private
] as const;

test("exactly the registered codes and those above 3000 may stand in a Close", () => {
  for (let code = 0; code <= 5100; code += 1) {
    const allowed = ON_THE_WIRE.some(([first, last]) => code >= first && code <= last);
    assert.equal(isValidCloseCode(code), allowed, `code ${code}`);
  }
});
