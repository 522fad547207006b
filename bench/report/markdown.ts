import type { ScenarioResult, Standing } from "../contest.ts";
import type { Spread } from "../measure/statistics.ts";
import type { Metric } from "../scenarios/scenario.ts";
import type { Verdict } from "./bar.ts";
import type { RunFacts } from "./run-facts.ts";
import { figure, ratioTo } from "./summary.ts";

/** Columns of a scenario's table beside the first metric; the JSON has them all. */
const COLUMNS_MAX = 8;
const HIDDEN = new Set(["p90", "max"]);

/** Three figures, and no more digits than they need. */
export function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "-";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

function range(spread: Spread | undefined): string {
  return spread === undefined ? "-" : `${short(spread.median)} (${short(spread.min)}-${short(spread.max)})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** The whole summary, in Markdown. */
export function summaryText(facts: RunFacts, results: readonly ScenarioResult[], verdicts: readonly Verdict[]): string {
  return `${[factsText(facts), barText(verdicts), ...results.map(scenarioText)].join("\n\n")}\n`;
}

function factsText(facts: RunFacts): string {
  const { plan } = facts;
  const versions = Object.entries(facts.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `# Benchmark of ${facts.date.slice(0, 10)}${plan.quick ? " (quick)" : ""}`,
    "",
    `${versions.join(", ")}; Node ${facts.node}; Linux ${facts.kernel}, ${facts.cores} x ${facts.cpu}.`,
    `Median (least-greatest) of up to ${plan.rounds} rounds. Ratios are fairlead over the other.`,
    ...(facts.runs > 1 ? [`Put together from ${facts.runs} runs; what is compared was measured in one.`] : []),
  ];
  if (facts.missing.length > 0) lines.push("", `Not installed, so not measured: ${facts.missing.join(", ")}.`);
  return lines.join("\n");
}

function barText(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ line, against, measured, verdict }) => [
    line.work,
    against,
    short(line.reach),
    short(line.beyond),
    short(measured),
    verdict,
  ]);
  const head = ["work", "over", "to reach", "beyond", "measured", "verdict"];
  return rows.length === 0 ? "No line of the bar was measured." : `## The bar\n\n${table(head, rows)}`;
}

function scenarioText(result: ScenarioResult): string {
  const [first, ...others] = result.metrics;
  if (first === undefined) return `## ${result.title}`;
  const columns = others.filter(({ key }) => !HIDDEN.has(key)).slice(0, COLUMNS_MAX);
  const name = ({ title, unit }: Metric): string => (unit === "" ? title : `${title}, ${unit}`);
  const head = ["contestant", name(first), "ratio", ...columns.map(name)];
  const row = (standing: Standing): string[] => [
    standing.variant.id,
    range(figure(standing, first.key)),
    short(ratioTo(result, first, standing)),
    ...columns.map(({ key }) => short(figure(standing, key)?.median)),
  ];
  const failures = result.standings.flatMap(({ variant, failures: all }) =>
    all.map((failure) => `- ${variant.id} failed: ${failure.split("\n", 1)[0]}`),
  );
  for (const { variant, samples, failures: all } of result.standings)
    if (samples.length + all.length === 0) failures.push(`- ${variant.id} had no turn: the time was up`);
  const text = `## ${result.name}: ${result.title}\n\n${table(head, result.standings.map(row))}`;
  return failures.length === 0 ? text : `${text}\n\n${failures.join("\n")}`;
}
