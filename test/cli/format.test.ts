import assert from "node:assert/strict";
import { test } from "node:test";

import { counted, rate, share, size, span, table } from "../../src/cli/format.ts";

test("spans of time show their two largest units", () => {
  const spans = [0, 1_500, 12_345, 61_000, 3_720_000, 93_600_000].map(span);
  assert.deepEqual(spans, ["0.0s", "1.5s", "12s", "1m01s", "1h02m", "1d02h"]);
});

test("sizes, rates and shares are short", () => {
  assert.deepEqual([0, 1_023, 1_536, 1_048_576 * 250].map(size), ["0 B", "1023 B", "1.5 KiB", "250 MiB"]);
  assert.deepEqual([0, 0.25, 5, 12.5, 12_345].map(rate), ["0", "0.3", "5", "13", "12,345"]);
  assert.deepEqual([share(1, 3), share(0, 0)], ["33.3%", "-"]);
  assert.deepEqual([counted(1, "tunnel"), counted(1_200, "tunnel")], ["1 tunnel", "1,200 tunnels"]);
});

test("columns of a table are as wide as what is longest in them", () => {
  const lines = table(
    [{ title: "name" }, { title: "n", right: true }],
    [
      ["a", "10"],
      ["longer", "1"],
    ],
  );
  assert.deepEqual(lines, ["name     n", "a       10", "longer   1"]);
});
