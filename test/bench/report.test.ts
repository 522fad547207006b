import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScenarioResult, Standing } from "../../bench/contest.ts";
import { VARIANTS } from "../../bench/proxies/variants.ts";
import { BAR, judge } from "../../bench/report/bar.ts";
import { short, summaryText } from "../../bench/report/markdown.ts";
import { pointsOf } from "../../bench/report/plot.ts";
import { bestOf, ratioTo, standingOf } from "../../bench/report/summary.ts";
import { addedLatency } from "../../bench/scenarios/added-latency.ts";
import type { Metric } from "../../bench/scenarios/scenario.ts";
import { SCENARIOS } from "../../bench/scenarios/scenarios.ts";
import { FULL } from "../../bench/plan.ts";

const cpu: Metric = { key: "cpu", title: "CPU", unit: "us", better: "lower" };

const standing = (id: string, key: string, values: readonly number[]): Standing => {
  const variant = VARIANTS.find((each) => each.id === id);
  assert.ok(variant !== undefined, id);
  return { variant, samples: values.map((value) => ({ [key]: value })), failures: [] };
};

const resultOf = (name: string, metric: Metric, figures: Record<string, readonly number[]>): ScenarioResult => ({
  name,
  title: name,
  metrics: [metric],
  standings: Object.entries(figures).map(([id, values]) => standing(id, metric.key, values)),
});

const echo = resultOf("echo-64", cpu, {
  fairlead: [26, 24, 90],
  "fairlead-2": [27],
  nginx: [30, 20, 25],
  "nginx-tuned": [20, 20, 21],
  haproxy: [30],
  httpxy: [60],
  fastify: [80],
});

test("the best of a family is the better of as it comes and tuned, by its median", () => {
  assert.deepEqual(bestOf(echo, cpu, ["nginx"]), { id: "nginx-tuned", median: 20 });
  assert.deepEqual(bestOf(echo, { ...cpu, better: "higher" }, ["nginx"]), { id: "nginx", median: 25 });
  assert.equal(bestOf(echo, cpu, ["caddy"]), undefined);
});

test("a ratio is fairlead's median over the other's", () => {
  const nginx = standingOf(echo, "nginx");
  assert.ok(nginx !== undefined);
  assert.equal(ratioTo(echo, cpu, nginx), 26 / 25);
});

test("each line of the bar gets its verdict: reached, beyond, missed, not measured", () => {
  const verdicts = judge([echo]).map(({ against, measured, verdict }) => [against, measured, verdict]);
  assert.deepEqual(verdicts, [
    ["nginx (nginx-tuned)", 1.3, "reached"],
    ["HAProxy (haproxy)", 26 / 30, "reached"],
    ["the best Node peer (httpxy)", 26 / 60, "reached"],
    ["one worker (fairlead)", 27 / 26, "reached"],
  ]);
  const alone = resultOf("echo-64", cpu, { fairlead: [10], nginx: [100], haproxy: [5] });
  assert.deepEqual(
    judge([alone]).map(({ verdict }) => verdict),
    ["beyond", "missed", "not measured", "not measured"],
  );
});

test("where more is better, a line is reached from above", () => {
  const metric: Metric = { key: "perCpuSecond", title: "handshakes", unit: "/s", better: "higher" };
  const result = resultOf("handshakes", metric, {
    fairlead: [6000],
    "fairlead-2": [3000],
    nginx: [10_000],
    httpxy: [2000],
  });
  assert.deepEqual(
    judge([result]).map(({ measured, verdict }) => [measured, verdict]),
    [
      [0.6, "reached"],
      [3, "reached"],
      [0.5, "missed"],
    ],
  );
});

test("nothing is measured against what is not above zero", () => {
  const metric: Metric = { key: "addedP99", title: "added", unit: "us", better: "lower" };
  const [verdict] = judge([resultOf("added-latency", metric, { fairlead: [9], nginx: [-2], "nginx-tuned": [3] })]);
  assert.deepEqual([verdict?.measured, verdict?.verdict], [undefined, "not measured"]);
});

test("a figure without another side is judged as it is", () => {
  const metric: Metric = { key: "busy", title: "memory", unit: "KiB", better: "lower" };
  const [verdict] = judge([resultOf("memory-busy", metric, { fairlead: [9] })]);
  assert.deepEqual([verdict?.measured, verdict?.verdict, verdict?.against], [9, "reached", "KiB"]);
});

test("every line of the bar names a scenario, one of its figures, and contestants that there are", () => {
  for (const { scenario, metric, subject = "fairlead", against } of BAR) {
    const found = SCENARIOS.find(({ name }) => name === scenario);
    assert.ok(found !== undefined, scenario);
    assert.ok(
      found.metrics.some(({ key }) => key === metric),
      `${scenario} ${metric}`,
    );
    for (const id of [subject, against?.id ?? subject]) {
      const variant = VARIANTS.find((each) => each.id === id);
      assert.ok(variant !== undefined && found.takesPart(variant), `${scenario} ${id}`);
    }
  }
});

test("latency is added to that of the same round without a proxy", () => {
  const derived = addedLatency(
    new Map([
      ["direct", { p50: 100, p99: 900 }],
      ["nginx", { p50: 150, p99: 1100 }],
    ]),
  );
  assert.deepEqual([...derived], [["nginx", { addedP50: 50, addedP99: 200 }]]);
});

test("figures are short, and what is missing is a dash", () => {
  assert.deepEqual([1.234, 12.34, 123.4, 12_345.6, undefined, Number.NaN].map(short), [
    "1.23",
    "12.3",
    "123",
    "12,346",
    "-",
    "-",
  ]);
});

test("in the plot fairlead stands at 1, and worse is further right, also where more is better", () => {
  const [mine, , nginx] = pointsOf([echo]);
  assert.deepEqual([mine?.median, nginx?.median, nginx?.low], [1, 25 / 26, 20 / 26]);
  const metric: Metric = { key: "perCpuSecond", title: "handshakes", unit: "/s", better: "higher" };
  const [, more] = pointsOf([resultOf("handshakes", metric, { fairlead: [5000], nginx: [10_000] })]);
  assert.equal(more?.median, 0.5);
});

test("the summary tells date, versions, who was missing, and each failure", () => {
  const facts = {
    date: "2026-01-02T03:04:05.000Z",
    runs: 1,
    node: "24.0.0",
    kernel: "6.1",
    cpu: "x",
    cores: 2,
    plan: FULL,
    versions: { nginx: "1.22.1" },
    missing: ["caddy"],
  };
  const failed = {
    ...echo,
    standings: echo.standings.map((each) => ({ ...each, failures: ["it fell over\nand lay"] })),
  };
  const text = summaryText(facts, [failed], judge([failed]));
  for (const part of [
    "2026-01-02",
    "nginx 1.22.1",
    "not measured: caddy",
    "nginx failed: it fell over",
    "26.0 (24.0-90.0)",
  ])
    assert.ok(text.includes(part), part);
  assert.ok(!text.includes("and lay"));
});
