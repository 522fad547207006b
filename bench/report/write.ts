import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ScenarioResult } from "../contest.ts";
import { judge, type Verdict } from "./bar.ts";
import { summaryText } from "./markdown.ts";
import { plotText } from "./plot.ts";
import type { RunFacts } from "./run-facts.ts";
import { figure } from "./summary.ts";

/** Name of the file with every figure. */
export const RESULTS_FILE = "results.json";

/** Writes `results.json`, `results.md` and `results.svg`; returns the summary. */
export function writeResults(folder: string, facts: RunFacts, results: readonly ScenarioResult[]): string {
  mkdirSync(folder, { recursive: true });
  const verdicts = judge(results);
  const text = summaryText(facts, results, verdicts);
  writeFileSync(join(folder, RESULTS_FILE), `${JSON.stringify(record(facts, results, verdicts), undefined, 2)}\n`);
  writeFileSync(join(folder, "results.md"), text);
  const caption = `${facts.date.slice(0, 10)}; hollow: as it comes, filled: tuned; lines: least to greatest round`;
  const svg = plotText(results, caption);
  if (svg !== undefined) writeFileSync(join(folder, "results.svg"), svg);
  return text;
}

/** Everything, every round included. */
function record(facts: RunFacts, results: readonly ScenarioResult[], verdicts: readonly Verdict[]): object {
  return {
    ...facts,
    bar: verdicts,
    scenarios: results.map(({ name, title, metrics, standings }) => ({
      name,
      title,
      metrics,
      contestants: standings.map((standing) => ({
        id: standing.variant.id,
        failures: standing.failures,
        figures: Object.fromEntries(metrics.map(({ key }) => [key, figure(standing, key)])),
        rounds: standing.samples,
      })),
    })),
  };
}
