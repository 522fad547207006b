import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { consequenceOf, EFFECTS, NEEDS_RESTART, OPTION_EFFECTS } from "../../src/config/consequences.ts";

test("every option of the reference has its effect, or the reason why it needs a restart", () => {
  const options = referenceOptions();
  assert.ok(options.length > 60);
  for (const option of options) assert.ok(consequenceOf(option), `nobody has said what a reload does with ${option}`);
  assert.equal(consequenceOf("limits.brandNew"), undefined);
  assert.equal(consequenceOf("listen[].brandNew"), undefined);
  assert.equal(consequenceOf("pools.NAME.brandNew"), undefined);
  assert.equal(consequenceOf("routes[].brandNew"), undefined);
});

test("every effect is one of an option that exists", () => {
  const known = new Set(referencePaths());
  const options = [...Object.keys(OPTION_EFFECTS), ...Object.keys(NEEDS_RESTART)];
  for (const option of options) assert.ok(known.has(option.replace(/\[\]$/, "")), option);
  assert.deepEqual(new Set(Object.values(OPTION_EFFECTS)), new Set(Object.keys(EFFECTS)));
});

/** What the configuration says at its top for all pools and routes is theirs in the normal form. */
const THEIRS: Readonly<Record<string, string>> = {
  backends: "pools.NAME.backends",
  balance: "pools.NAME.balance",
  affinity: "pools.NAME.affinity",
  origins: "routes[].origins",
  tunnel: "routes[].tunnel",
  defaultPool: "routes[].pool",
};

function referencePaths(): string[] {
  const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
  return page
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const owner = /^`([^`]*)`/.exec(section)?.[1];
      const rows = [...section.matchAll(/^\| `([^`]*)` \|/gm)].map(([, key = ""]) => key);
      return rows
        .map((key) => (owner === undefined ? key : `${owner}.${key}`))
        .map((path) => {
          const [, top = "", rest = ""] = /^([^.[]*)(.*)$/.exec(path) ?? [];
          return `${THEIRS[top] ?? top}${rest}`;
        });
    });
}

/** Those that hold a value: not the lists and objects of parts and options, and not what makes a part the one it is. */
function referenceOptions(): string[] {
  const identities = new Set(["listen[].address", "pools.NAME.backends[].url", "routes[].name"]);
  const paths = referencePaths();
  const holds = (path: string): boolean =>
    paths.some((other) => other !== path && other.replace(/^(.*)\..*$/, "$1").replace(/(\[\]|\.NAME)$/, "") === path);
  return paths.filter((path) => !holds(path) && !identities.has(path));
}
