import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { AdminEvent, ReloadReport } from "../../src/admin/index.ts";
import { Reloads } from "../../src/cli/reloads.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { LoadedConfig } from "../../src/config/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { until } from "../kit/until.ts";

/** A file of which only the length matters, and an instance that is reloaded with it. */
const play = (t: TestContext, meanwhile: (file: string, round: number) => void = () => {}) => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-reloads-"));
  lastly(t, () => rmSync(folder, { recursive: true }));
  const file = join(folder, "fairlead.yaml");
  writeFileSync(file, "a");
  const read = (): LoadedConfig => {
    const watch = !readFileSync(file, "utf8").includes("!");
    return { config: parseConfig({ backends: ["ws://127.0.0.1:1"], watch }).config, warnings: [], file };
  };
  const reloads = new Reloads({ loaded: read(), read, cwd: folder });
  lastly(t, () => reloads.stop());
  const seen: string[] = [];
  const done: string[] = [];
  const listeners: ((event: AdminEvent) => void)[] = [];
  const events = {
    recent: () => [],
    listen(listener: (event: AdminEvent) => void) {
      listeners.push(listener);
      return () => {};
    },
  };
  let { config } = read();
  const instance = {
    get config() {
      return config;
    },
    events,
    async reload(): Promise<ReloadReport> {
      ({ config } = reloads.load());
      seen.push(readFileSync(file, "utf8"));
      meanwhile(file, seen.length);
      await new Promise(setImmediate);
      for (const listener of listeners) listener({ id: 1, time: "", type: "reloaded", message: "" });
      done.push(...seen.slice(-1));
      const nothing = { changes: [], overruled: [], needsRestart: [], warnings: [] };
      return { outcome: "reloaded", revision: seen.length, file, ...nothing };
    },
  };
  const reload = reloads.begin(instance, { reloading: () => {}, ready: () => {} });
  return { file, done, reload };
};

test("a change of the file is a reload, also one that comes while the one before is being put in force", async (t) => {
  const { file, done } = play(t, (name, round) => round === 1 && writeFileSync(name, "ccc"));
  writeFileSync(file, "bb");
  await until(() => done.length === 2, "both have been read");
  assert.deepEqual(done, ["bb", "ccc"]);
});

test("a file that no longer wants to be watched is read no more, until somebody asks", async (t) => {
  const { file, done, reload } = play(t);
  writeFileSync(file, "b!");
  await until(() => done.length === 1, "it has been read");
  writeFileSync(file, "c");
  reload();
  await until(() => done.length === 2, "it was asked for");
  writeFileSync(file, "dd");
  await until(() => done.length === 3, "it is watched again");
  assert.deepEqual(done, ["b!", "c", "dd"]);
});
