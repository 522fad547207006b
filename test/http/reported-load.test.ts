import assert from "node:assert/strict";
import { test } from "node:test";
import { reportedLoad } from "../../src/http/index.ts";

const read = (...values: string[]) => reportedLoad(values.flatMap((value) => ["Fairlead-Load", value]));

test("a backend says how loaded it is with a number from 0 to 1", () => {
  assert.equal(read("0"), 0);
  assert.equal(read("0.25"), 0.25);
  assert.equal(read(" .5 "), 0.5);
  assert.equal(read("1"), 1);
  assert.equal(reportedLoad(["fairlead-LOAD", "0.75"]), 0.75);
});

test("more than full is full", () => {
  assert.equal(read("1.7"), 1);
  assert.equal(read("250"), 1);
});

test("what is no number says nothing", () => {
  assert.equal(reportedLoad([]), undefined);
  for (const text of ["", "-0.5", "+1", "1e3", "0x1", "NaN", "Infinity", "50%", "0,5", ".", "1".repeat(20)])
    assert.equal(read(text), undefined, text);
});
