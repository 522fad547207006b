import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { escapeReferences, expandReferences } from "../../src/config/expand.ts";

const env = { NAME: "value", EMPTY: "", _1: "underscore" };

test("references become the values of variables, wherever they stand in a text", () => {
  assert.equal(expandReferences("a ${NAME}b${NAME}${_1}", env).text, "a valuebvalueunderscore");
});

test("a default serves a variable that is absent or empty", () => {
  assert.equal(expandReferences("${ABSENT:-a}${EMPTY:-b}${NAME:-c}${ABSENT:-}", env).text, "abvalue");
  assert.equal(expandReferences("[${EMPTY}]", env).text, "[]");
});

test("an escaped reference is the text of one", () => {
  assert.equal(expandReferences("$${NAME} $$ $ {NAME} $NAME", env).text, "${NAME} $$ $ {NAME} $NAME");
});

test("a value is not looked through for further references", () => {
  assert.equal(expandReferences("${A}", { A: "${B}", B: "x" }).text, "${B}");
});

test("absent variables and what is no reference are told", () => {
  assert.deepEqual(expandReferences("${A}${NAME}${B}", env).missing, ["A", "B"]);
  for (const text of ["${", "${}", "${1A}", "${A-b}", "${A:b}", "${ A }"]) {
    assert.equal(expandReferences(text, env).malformed, true, text);
  }
});

test("what is escaped comes back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."${}:-aA") }), (text) => {
      // One dollar before an escaped opening belongs to the escape; explain never writes such a text unescaped.
      fc.pre(!text.includes("$${"));
      assert.equal(expandReferences(escapeReferences(text), {}).text, text);
    }),
  );
});
