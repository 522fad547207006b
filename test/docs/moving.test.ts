/** What docs/moving.md says of options is what the schema has. */
import assert from "node:assert/strict";
import test from "node:test";

import { parseDuration } from "../../src/base/index.ts";
import { admissionSchema, drainSchema, REBALANCE_DEFAULTS } from "../../src/config/schema-operate.ts";
import { page, plain } from "./pages.ts";

/** The options that a section lists, with their defaults as written. */
const listed = (heading: string): Map<string, string> => {
  const section = page("docs/moving.md").split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.+?) \|/gm)];
  return new Map(rows.map(([, option = "", standard]) => [option, plain(standard)]));
};

const sameAs = (written: string, value: unknown): boolean =>
  written === String(value) || parseDuration(written) === value;

for (const [heading, defaults] of [
  ["Drain", drainSchema.parse({})],
  ["Rebalance", REBALANCE_DEFAULTS],
] as const) {
  test(`docs/moving.md has every option of ${heading.toLowerCase()} with its default`, () => {
    const options = listed(heading);
    assert.deepEqual([...options.keys()].toSorted(), Object.keys(defaults).toSorted());
    for (const [option, value] of Object.entries(defaults)) assert.ok(sameAs(options.get(option) ?? "", value), option);
  });
}

test("docs/moving.md has every option of admission", () => {
  assert.deepEqual([...listed("Admission").keys()].toSorted(), Object.keys(admissionSchema.parse({})).toSorted());
});
