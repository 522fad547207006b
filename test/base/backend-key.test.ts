import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";

import { backendKey } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";

test("no two backends have the same key, whatever they are called, since a pool's name holds no space", () => {
  const poolName = fc.string().filter((name) => !name.includes(" "));
  fc.assert(
    fc.property(fc.tuple(poolName, fc.string()), fc.tuple(poolName, fc.string()), (one, other) => {
      const isSame = one[0] === other[0] && one[1] === other[1];
      assert.equal(backendKey(...one) === backendKey(...other), isSame);
    }),
  );
  assert.throws(() => parseConfig({ pools: { "a b": { backends: ["ws://127.0.0.1:81"] } } }));
});
