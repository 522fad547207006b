/** Bytes that come in pieces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Gathered } from "../../src/relay/gathered.ts";

test("whatever pieces come, they are one in order, and copies", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
  fc.assert(
    fc.property(pieces, fc.boolean(), (all, fits) => {
      const gathered = new Gathered();
      for (const piece of all) {
        const copy = piece.slice();
        gathered.add(copy);
        copy.fill(0);
        if (fits) gathered.fit();
      }
      const expected = Buffer.concat(all);
      assert.deepEqual(Buffer.from(gathered.bytes ?? []), expected);
      assert.equal(gathered.length, expected.length);
    }),
  );
});

test("what is kept takes no more memory than it needs, and none of the memory that others share", () => {
  const gathered = new Gathered();
  gathered.add(Buffer.from("a login"));
  gathered.fit();
  assert.equal(gathered.bytes?.buffer.byteLength, 7);
});

test("what is cut off is forgotten", () => {
  const gathered = new Gathered();
  gathered.add(Buffer.from("whole"));
  gathered.add(Buffer.from("begun"));
  gathered.cut(5);
  gathered.add(Buffer.from("!"));
  assert.equal(Buffer.from(gathered.bytes ?? []).toString(), "whole!");
  gathered.cut(0);
  assert.equal(gathered.bytes, undefined);
});
