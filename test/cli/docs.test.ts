import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ExitCode } from "../../src/cli/exit-code.ts";
import { serveCommand } from "../../src/cli/commands/serve.ts";
import { COMMANDS } from "../../src/cli/commands/table.ts";
import { NEEDS_RESTART } from "../../src/config/consequences.ts";
import { SETTINGS, VARIABLES } from "../../src/config/index.ts";

const page = readFileSync(new URL("../../docs/command-line.md", import.meta.url), "utf8");

function inPage(pattern: RegExp): string[] {
  return [...new Set(page.match(pattern))].toSorted();
}

test("docs/command-line.md names every flag, and no other", () => {
  const options = COMMANDS.flatMap((command) => command.options);
  const flags = new Set(["--help", "--version", ...options.map(({ long }) => long ?? "")]);
  assert.deepEqual(inPage(/--[a-z][a-z-]+/g), [...flags].toSorted());
});

test("docs/command-line.md names every variable, and no other of ours", () => {
  const named = inPage(/FAIRLEAD_[A-Z_]+/g).filter((name) => name !== "FAIRLEAD_" && name !== "FAIRLEAD_SERVICE_HOST");
  assert.deepEqual(named, VARIABLES.toSorted());
});

test("docs/command-line.md has flag and variable of one setting in one line", () => {
  for (const { flag, variable } of Object.values(SETTINGS)) {
    const line = page.split("\n").find((one) => one.includes(`\`${variable}\``));
    assert.ok(line?.includes(flag ?? "| |"), variable);
  }
});

test("docs/command-line.md has every command and every exit code", () => {
  for (const { name } of COMMANDS) assert.match(page, new RegExp(`^\\| \`${name}\` \\|`, "m"));
  for (const code of Object.values(ExitCode)) assert.match(page, new RegExp(`^\\| ${code} \\|`, "m"));
});

test("docs/command-line.md names every option that needs a restart, and why", () => {
  const rows = [...page.matchAll(/^\| `([^`]*)` needs a restart \| (.*)\. \|$/gm)].map(([, key, why]) => [key, why]);
  const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
  assert.deepEqual(
    rows,
    Object.entries(NEEDS_RESTART).map(([key, why]) => [key, capital(why)]),
  );
});

test("every setting of the command line that has a flag is an option of serve, and the other way round", () => {
  const flags = Object.values(SETTINGS).map(({ flag }) => flag);
  const known = flags.filter((flag) => flag?.startsWith("--"));
  const options = serveCommand.options.map(({ long }) => long);
  assert.deepEqual(new Set([...known, "--config"]), new Set(options));
});
