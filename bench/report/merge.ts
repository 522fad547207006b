import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ScenarioResult, Standing } from "../contest.ts";
import { VARIANTS } from "../proxies/variants.ts";
import type { RunFacts } from "./run-facts.ts";
import { RESULTS_FILE } from "./write.ts";

/** What is read of a `results.json`; write.ts makes it. */
const planSchema = z.object({
  quick: z.boolean(),
  rounds: z.number(),
  warmUp: z.number(),
  settle: z.number(),
  window: z.number(),
  rest: z.number(),
  // JSON has no Infinity, and says null.
  budget: z.number().nullable(),
});
const metricSchema = z.object({
  key: z.string(),
  title: z.string(),
  unit: z.string(),
  better: z.enum(["lower", "higher"]),
});
const contestantSchema = z.object({
  id: z.string(),
  failures: z.array(z.string()),
  rounds: z.array(z.record(z.string(), z.number().nullable())),
});
const resultsSchema = z.object({
  date: z.string(),
  runs: z.number(),
  node: z.string(),
  kernel: z.string(),
  cpu: z.string(),
  cores: z.number(),
  plan: planSchema,
  versions: z.record(z.string(), z.string()),
  missing: z.array(z.string()),
  scenarios: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      metrics: z.array(metricSchema),
      contestants: z.array(contestantSchema),
    }),
  ),
});
type Results = z.output<typeof resultsSchema>;

/** Facts and results of one run, or of several. */
export interface Report {
  readonly facts: RunFacts;
  readonly results: readonly ScenarioResult[];
}

/**
 * Reads what runs have written, and puts it together: each with some of the scenarios.
 *
 * @param paths `results.json` files, or folders with one
 * @throws Error when one cannot be read, when two differ in machine or versions, or have the same scenario: figures of
 *   two runs must not be compared
 */
export function mergeReports(paths: readonly string[]): Report {
  const all = paths.map(readResults);
  const [first] = all;
  if (first === undefined) throw new Error("there is nothing to put together");
  for (const [index, each] of all.entries()) mustAgree(first, each, paths[index] ?? "");
  const scenarios = all.flatMap((each) => each.scenarios);
  const twice = scenarios.find(({ name }, index) => scenarios.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) throw new Error(`${twice.name} was measured in more than one of the runs`);
  const { plan } = first;
  return {
    facts: {
      date: all.map(({ date }) => date).reduce((a, b) => (a > b ? a : b)),
      runs: all.reduce((sum, { runs }) => sum + runs, 0),
      node: first.node,
      kernel: first.kernel,
      cpu: first.cpu,
      cores: first.cores,
      plan: { ...plan, budget: plan.budget ?? Number.POSITIVE_INFINITY },
      versions: Object.assign({}, ...all.map(({ versions }) => versions)) as Results["versions"],
      missing: [...new Set(all.flatMap(({ missing }) => missing))],
    },
    results: scenarios.map(({ name, title, metrics, contestants }) => ({
      name,
      title,
      metrics,
      standings: contestants.map(standingOf),
    })),
  };
}

function readResults(path: string): Results {
  try {
    const file = statSync(path).isDirectory() ? join(path, RESULTS_FILE) : path;
    return resultsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(`${path} cannot be read as results: ${reason}`, { cause: error });
  }
}

/** Figures stand side by side only when they come from the same machine and programs. */
function mustAgree(first: Results, other: Results, path: string): void {
  const told = ({ node, kernel, cpu, cores, plan }: Results): string =>
    `Node ${node}, Linux ${kernel}, ${cores} x ${cpu}, ${plan.quick ? "quick" : "full"}`;
  if (told(first) !== told(other)) throw new Error(`${path} is of ${told(other)}, not of ${told(first)}`);
  for (const [family, version] of Object.entries(other.versions)) {
    const known = first.versions[family];
    if (known !== undefined && known !== version)
      throw new Error(`${path} is of ${family} ${version}, not of ${family} ${known}`);
  }
}

function standingOf({ id, failures, rounds }: Results["scenarios"][number]["contestants"][number]): Standing {
  const variant = VARIANTS.find((each) => each.id === id);
  if (variant === undefined) throw new Error(`there is no contestant ${id} any more`);
  const samples = rounds.map((readings) =>
    Object.fromEntries(Object.entries(readings).map(([key, value]) => [key, value ?? Number.NaN])),
  );
  return { variant, samples, failures };
}
