/** The page of metrics lists what a scrape has, and explains every label. */
import assert from "node:assert/strict";
import test from "node:test";

import { METRICS } from "../../src/supervisor/metrics-table.ts";
import { plain, table } from "./pages.ts";

test("docs/metrics.md has every metric with its type, labels and meaning", () => {
  const listed = table("docs/metrics.md", "| metric | type | labels | meaning |").map((row) => row.map(plain));
  const known = METRICS.map(({ name, type, labels, help }) => [name, type, labels.join(", "), help]);
  assert.deepEqual(listed, known);
});

test("docs/metrics.md explains every label, and none that there is not", () => {
  const listed = table("docs/metrics.md", "| label | values |").map(([label]) => plain(label));
  assert.deepEqual(listed.toSorted(), [...new Set(METRICS.flatMap(({ labels }) => labels))].toSorted());
});
