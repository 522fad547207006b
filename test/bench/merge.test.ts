import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ScenarioResult } from "../../bench/contest.ts";
import { FULL } from "../../bench/plan.ts";
import { VARIANTS } from "../../bench/proxies/variants.ts";
import { mergeReports } from "../../bench/report/merge.ts";
import type { RunFacts } from "../../bench/report/run-facts.ts";
import { writeResults } from "../../bench/report/write.ts";

const FACTS: RunFacts = {
  date: "2026-01-02T03:04:05.000Z",
  runs: 1,
  node: "24.0.0",
  kernel: "6.1",
  cpu: "x",
  cores: 2,
  plan: FULL,
  versions: { fairlead: "0.1.0" },
  missing: [],
};

const resultOf = (name: string, values: readonly number[]): ScenarioResult => ({
  name,
  title: name,
  metrics: [{ key: "cpu", title: "CPU", unit: "us", better: "lower" }],
  standings: VARIANTS.filter(({ id }) => id === "fairlead").map((variant) => ({
    variant,
    samples: values.map((cpu) => ({ cpu })),
    failures: ["once"],
  })),
});

/** Writes the results of a run, and gives its folder. */
const runIn = (t: { after(fn: () => void): void }, facts: Partial<RunFacts>, ...results: ScenarioResult[]): string => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-merge-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeResults(folder, { ...FACTS, ...facts }, results);
  return folder;
};

test("runs with different scenarios become one report, in which nothing is lost", (t) => {
  const one = runIn(t, {}, resultOf("echo-64", [1, 2, 3]), resultOf("fan-out", [4]));
  const later = { date: "2026-01-03T00:00:00.000Z", versions: { nginx: "1.22.1" }, missing: ["caddy"] };
  const other = runIn(t, later, resultOf("mostly-idle", [5, Number.NaN]));
  const { facts, results } = mergeReports([one, join(other, "results.json")]);
  assert.deepEqual(results, [
    resultOf("echo-64", [1, 2, 3]),
    resultOf("fan-out", [4]),
    resultOf("mostly-idle", [5, Number.NaN]),
  ]);
  assert.deepEqual(facts, { ...FACTS, ...later, runs: 2, versions: { fairlead: "0.1.0", nginx: "1.22.1" } });
  const again = runIn(t, facts, ...results);
  assert.match(readFileSync(join(again, "results.md"), "utf8"), /Put together from 2 runs/);
  assert.equal(mergeReports([again]).facts.runs, 2);
});

test("what must not stand side by side is refused, and why is said", (t) => {
  const one = runIn(t, {}, resultOf("echo-64", [1]));
  const refused = (facts: Partial<RunFacts>, scenario: string, why: RegExp) =>
    assert.throws(() => mergeReports([one, runIn(t, facts, resultOf(scenario, [1]))]), why);
  refused({}, "echo-64", /echo-64 was measured in more than one/);
  refused({ versions: { fairlead: "0.2.0" } }, "fan-out", /is of fairlead 0\.2\.0, not of fairlead 0\.1\.0/);
  refused({ cpu: "y" }, "fan-out", /is of Node 24\.0\.0, Linux 6\.1, 2 x y, full, not of/);
  writeFileSync(join(one, "results.json"), "{}");
  assert.throws(() => mergeReports([one]), /cannot be read as results/);
  assert.throws(() => mergeReports([join(one, "nothing")]), /cannot be read as results: .*ENOENT/);
});
