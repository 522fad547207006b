import assert from "node:assert/strict";
import { test } from "node:test";
import { createWatch } from "../../src/base/index.ts";

for (const size of [3, 1000]) {
  test(`a watch on ${size} numbers says once that one of them, or the array, is another`, () => {
    const array = new Float64Array(size + 1).fill(1);
    const changed = createWatch();
    assert.equal(changed(array, size), true, "the first look");
    assert.equal(changed(array, size), false);
    for (const index of [0, size - 1]) {
      array[index] = 2;
      assert.equal(changed(array, size), true, `number ${index}`);
      assert.equal(changed(array, size), false);
    }
    array[size] = 2;
    assert.equal(changed(array, size), false, "what is behind the size does not count");
    assert.equal(changed(array.slice(), size), true, "another array");
    assert.equal(changed(array, size + 1), true, "another size");
  });
}

test("a watch sees an array that begins anywhere in its buffer", () => {
  const all = new Uint8Array(500);
  const part = all.subarray(100, 400);
  const changed = createWatch();
  changed(part, 300);
  all[99] = 1;
  assert.equal(changed(part, 300), false);
  all[399] = 1;
  assert.equal(changed(part, 300), true);
});
