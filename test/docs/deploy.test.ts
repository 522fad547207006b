/** What is there to be deployed beside fairlead asks for metrics that there are. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { parse } from "yaml";

import { METRICS } from "../../src/supervisor/metrics-table.ts";
import { needTool } from "../kit/tools.ts";
import { page, ROOT } from "./pages.ts";

const ALERTS = "deploy/prometheus/alerts.yaml";
const DASHBOARD = "deploy/grafana/dashboard.json";
const PROMTOOL = ["/usr/bin/promtool", "/usr/local/bin/promtool"].find((path) => existsSync(path)) ?? "promtool";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

// Both files are the project's own; what they lack fails the tests below.
const rules = (): readonly Rule[] => (parse(page(ALERTS)) as { groups: { rules: Rule[] }[] }).groups[0]?.rules ?? [];
const panels = (): readonly Panel[] => (JSON.parse(page(DASHBOARD)) as { panels: Panel[] }).panels;

/** Names of all series that the metrics have. */
const SERIES = new Set(
  METRICS.flatMap(({ name, type }) =>
    type === "histogram" ? ["bucket", "sum", "count"].map((part) => `${name}_${part}`) : [name],
  ),
);
const LABELS = new Set([...METRICS.flatMap(({ labels }) => labels), "job", "instance", "le"]);

/** Fails for a metric or label that there is not. */
const assertKnown = (expression: string): void => {
  const names = expression.match(/\bfairlead_[a-z_]+/g) ?? [];
  assert.ok(names.length > 0, expression);
  for (const name of names) assert.ok(SERIES.has(name), `there is no ${name}`);
  const matched = [...expression.matchAll(/([a-z_]+)(?:=~|!~|!=|=)"/g)].map(([, label = ""]) => label);
  const grouped = [...expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", "));
  for (const label of [...matched, ...grouped])
    assert.ok(LABELS.has(label), `there is no label ${label}: ${expression}`);
};

test("every panel of the dashboard asks for metrics and labels that there are, and every metric is on it", () => {
  const expressions = panels().flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expressions.forEach(assertKnown);
  const shown = expressions.join("\n");
  const elsewhere = new Set([
    "fairlead_start_time_seconds",
    "fairlead_up",
    "fairlead_worker_tunnels_limit",
    "fairlead_reload_failed",
  ]);
  for (const { name } of METRICS) assert.ok(elsewhere.has(name) || shown.includes(name), `${name} is on no panel`);
  const ids = panels().map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test("every alert asks for metrics and labels that there are, and has a heading in docs/operations.md", () => {
  const headings = [...page("docs/operations.md").matchAll(/^### (Fairlead\w+)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(
    rules().map(({ alert }) => alert),
    headings,
  );
  for (const { alert, expr, annotations } of rules()) {
    assertKnown(expr);
    assert.equal(annotations["runbook"], `docs/operations.md#${alert.toLowerCase()}`);
    assert.ok((annotations["summary"] ?? "") !== "" && (annotations["description"] ?? "") !== "");
  }
});

for (const [what, args] of [
  ["takes the alerts for valid", ["check", "rules", "alerts.yaml"]],
  ["raises them when they are to be raised", ["test", "rules", "alerts.test.yaml"]],
] as const) {
  test(`promtool ${what}`, (t) => {
    if (!needTool(t, "promtool", PROMTOOL !== "promtool")) return;
    const { status, stdout, stderr } = spawnSync(PROMTOOL, args, {
      cwd: join(ROOT, "deploy/prometheus"),
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
  });
}
