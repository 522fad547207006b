/** What docs/moving.md says of options is what the schema has. */
import assert from "node:assert/strict";
import test from "node:test";

import { MOVE_ROUTES } from "../../src/admin/routes-moves.ts";
import { parseDuration } from "../../src/base/index.ts";
import { drainCommand } from "../../src/cli/commands/drain.ts";
import { rebalanceCommand } from "../../src/cli/commands/rebalance.ts";
import { presenceOf } from "../../src/config/consequences.ts";
import { admissionSchema, drainSchema, REBALANCE_DEFAULTS, rebalanceSchema } from "../../src/config/schema-operate.ts";
import { METRICS } from "../../src/supervisor/metrics-table.ts";
import { page, plain, table } from "./pages.ts";

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

test("wherever it is said what a drain or a rebalance does with tunnels, it is said that some are re-homed", () => {
  const commands = table("docs/command-line.md", "| command | what it does |").filter(([name]) =>
    ["drain", "rebalance"].includes(plain(name)),
  );
  assert.equal(commands.length, 2, "they stand in one table with the others");
  const said: Record<string, string | undefined> = {
    ...Object.fromEntries(commands.map(([name, meaning]) => [plain(name), meaning])),
    "drain of a pool": drainSchema.description,
    "rebalance of a pool": rebalanceSchema.description,
    "help of drain": drainCommand.description,
    "help of rebalance": rebalanceCommand.description,
    "diff of a backend that is gone": presenceOf("backend", "removed", {}),
    ...Object.fromEntries(
      MOVE_ROUTES.filter(({ method }) => method === "POST").map(({ path, summary }) => [path, summary]),
    ),
    "docs/moving.md": page("docs/moving.md").split("## Pace")[0],
    "docs/reload.md": page("docs/reload.md"),
    "docs/dashboard.md": page("docs/dashboard.md"),
    "docs/balancing.md": page("docs/balancing.md").split("## Methods")[0],
    HELP: METRICS.find(({ name }) => name === "fairlead_moved_tunnels_total")?.help,
  };
  for (const [where, text] of Object.entries(said)) assert.match(text ?? "", /re-?home/, where);
});
