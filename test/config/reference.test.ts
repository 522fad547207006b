import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { loadConfig } from "../../src/config/index.ts";
import { referencePage } from "../../tools/reference.ts";
import { certificateFor } from "../kit/certs.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");

test("docs/configuration.md is what the schema says; else run: node tools/reference.ts", () => {
  assert.equal(page, referencePage());
});

test("every key of the reference has a type and a meaning", () => {
  for (const line of page.split("\n").filter((one) => one.startsWith("| `"))) {
    const [, key, type, , meaning] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    assert.ok(type, `${key} has no type`);
    assert.ok(meaning !== "" || type === "`true`", `${key} has no meaning`);
  }
});

test("every link of the reference leads to one of its titles", () => {
  const titles = new Set(
    [...page.matchAll(/^## (.*)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^a-z\d\s-]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
  for (const [, target = ""] of page.matchAll(/\]\(#([^)]*)\)/g)) assert.ok(titles.has(target), target);
});

test("the example on top of the reference is a right configuration without warnings", () => {
  const { cert, key } = certificateFor(["chat.example.com"]);
  const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? "";
  const files = new Map([
    ["/srv/app/fairlead.yaml", example],
    ["/srv/app/chat.pem", cert],
    ["/srv/app/chat.key", key],
  ]);
  const { config, warnings } = loadConfig({ cwd: "/srv/app", env: {}, readFile: (path) => files.get(path) ?? "" });
  assert.deepEqual(warnings, []);
  assert.deepEqual(Object.keys(config.pools), ["chat", "rooms"]);
});
