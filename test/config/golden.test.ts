/**
 * Golden files: each file of golden/ is a configuration, and the one beside it with `.expected` in its name says what
 * becomes of it: the normal form and the warnings, or every mistake with its place. After a wanted change, write them
 * anew with UPDATE_GOLDEN=1 and read the difference.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ConfigError, explainConfig, loadConfig } from "../../src/config/index.ts";
import type { Config } from "../../src/config/index.ts";

const FOLDER = join(import.meta.dirname, "golden");
const UPDATE = process.env["UPDATE_GOLDEN"] === "1";

const ENV = {
  BACKEND_HOST: "10.0.0.1",
  EMPTY: "",
  WEIGHT: "2.5",
  WORKERS: "3",
  ACCESS: "false",
  TOKEN: "a token that nobody guesses",
  TRICKY: 'a: "b", ${NESTED} # no comment',
};

/** What a file amounts to, as the golden file has it. Paths of this machine do not belong there. */
function outcome(file: string): { readonly kind: "json" | "txt"; readonly text: string } {
  try {
    const { config, warnings } = loadConfig({ file, cwd: FOLDER, env: ENV });
    return { kind: "json", text: `${JSON.stringify({ config, warnings }, undefined, 2)}\n` };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { kind: "txt", text: `${error.message}\n`.replaceAll(FOLDER, "GOLDEN") };
  }
}

const inputs = readdirSync(FOLDER).filter((name) => !name.includes(".expected."));

for (const file of inputs) {
  const expectedAs = (kind: string): string => join(FOLDER, file.replace(/\.\w+$/, `.expected.${kind}`));
  test(`${file} amounts to what its golden file says`, () => {
    const { kind, text } = outcome(file);
    if (UPDATE) {
      rmSync(expectedAs(kind === "json" ? "txt" : "json"), { force: true });
      writeFileSync(expectedAs(kind), text);
    }
    assert.ok(existsSync(expectedAs(kind)), `${expectedAs(kind)} is missing; the outcome is:\n${text}`);
    assert.equal(text, readFileSync(expectedAs(kind), "utf8"));
  });

  test(`${file}: mistakes are expected of files that are named after them, and of no others`, () => {
    assert.equal(outcome(file).kind, file.startsWith("wrong-") ? "txt" : "json");
  });
}

for (const file of inputs.filter((name) => !name.startsWith("wrong-"))) {
  test(`${file}: what explain prints is a configuration that explains itself alike`, () => {
    const { config } = loadConfig({ file, cwd: FOLDER, env: ENV });
    const explained = explainConfig(config);
    const { secret, admin } = config;
    const env = {
      FAIRLEAD_SECRET: secret,
      FAIRLEAD_ADMIN_TOKEN: admin === "off" ? undefined : admin.token,
      ...probeHeaders(config),
    };
    const again = loadConfig({ file: "again.yaml", cwd: FOLDER, env, readFile: () => explained });
    assert.equal(explainConfig(again.config), explained);
    assert.deepEqual(again.config, config);
  });
}

/** The variables that stand for headers of probes. */
function probeHeaders({ pools }: Config): Record<string, string> {
  const all = Object.values(pools).flatMap(({ health: { active } }, at) =>
    active === "off" || active.kind === "tcp"
      ? []
      : Object.values(active.headers).map((value, position) => [`PROBE_HEADER_${at + 1}_${position + 1}`, value]),
  );
  return Object.fromEntries(all);
}
