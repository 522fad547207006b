import { resolve } from "node:path";
import { type Contest, runScenario, type ScenarioResult } from "./contest.ts";
import { makeCertificate } from "./lab/certificate.ts";
import { openLab } from "./lab/lab.ts";
import { SERVER_NAME } from "./load/dial.ts";
import { helpText, type Options, readOptions } from "./options.ts";
import { FULL, type Plan, QUICK } from "./plan.ts";
import type { Variant } from "./proxies/variant.ts";
import { PROXY_NAMES, VARIANTS } from "./proxies/variants.ts";
import { mergeReports } from "./report/merge.ts";
import { type RunFacts, runFacts } from "./report/run-facts.ts";
import { writeResults } from "./report/write.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { SCENARIO_NAMES, SCENARIOS } from "./scenarios/scenarios.ts";
import { messageOf } from "./seat.ts";

/** `npm run bench [-- OPTIONS]`: fairlead beside others, on this machine, in one run. See bench/README.md. */

const NAMES = { scenarios: SCENARIO_NAMES, proxies: PROXY_NAMES };
const OUT = resolve(import.meta.dirname, "results");
/** As shells number an end by Ctrl-C. */
const EXIT_STOPPED = 130;

function planOf({ quick, rounds }: Options): Plan {
  const plan = quick ? QUICK : FULL;
  return rounds === undefined ? plan : { ...plan, rounds };
}

function chosenVariants({ proxies, quick }: Options): Variant[] {
  return VARIANTS.filter(({ id, family, quick: inQuick }) => {
    if (family === "direct") return true;
    return proxies === undefined ? inQuick || !quick : proxies.includes(id) || proxies.includes(family);
  });
}

function chosenScenarios({ scenarios, quick }: Options): Scenario[] {
  const skipped = quick ? "full" : "quick";
  return SCENARIOS.filter(({ name, runs }) => scenarios?.includes(name) ?? runs !== skipped);
}

async function measure(
  options: Options,
  contest: Omit<Contest, "softEnd" | "hardEnd">,
  facts: RunFacts,
  folder: string,
): Promise<ScenarioResult[]> {
  const scenarios = chosenScenarios(options);
  const results: ScenarioResult[] = [];
  const hardEnd = performance.now() + contest.plan.budget;
  for (const [index, scenario] of scenarios.entries()) {
    const now = performance.now();
    if (now > hardEnd) {
      contest.say(`${scenario.name}: left out, the time is up`);
      continue;
    }
    // What is left of the time is shared by what is left of the scenarios.
    const softEnd = now + (hardEnd - now) / (scenarios.length - index);
    contest.say(`${scenario.name}: ${scenario.title}`);
    try {
      results.push(await runScenario(scenario, { ...contest, softEnd, hardEnd }));
      // Who stops the run keeps what has been measured.
      writeResults(folder, facts, results);
      contest.say(`  took ${((performance.now() - now) / 1000).toFixed(0)} s`);
    } catch (error) {
      contest.lab.signal.throwIfAborted();
      contest.say(`  failed: ${messageOf(error)}`);
      process.exitCode = 1;
    }
  }
  return results;
}

function merge(paths: readonly string[], folder: string): void {
  try {
    const { facts, results } = mergeReports(paths);
    console.log(writeResults(folder, facts, results));
    console.error(`written to ${folder}`);
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { options, problems } = readOptions(args, NAMES);
  if (options.help) return void console.log(helpText(NAMES));
  if (problems.length > 0) {
    console.error(`${problems.join("\n")}\n\nTry: npm run bench -- --help`);
    process.exitCode = 2;
    return;
  }
  if (options.merge !== undefined) return void merge(options.merge, resolve(options.out ?? OUT));
  const stop = new AbortController();
  const lab = openLab(stop.signal);
  process.on("exit", () => lab.close());
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(EXIT_STOPPED));
  const plan = planOf(options);
  const wanted = chosenVariants(options);
  const facts = runFacts(plan, wanted);
  const variants = wanted.filter(({ id }) => !facts.missing.includes(id));
  if (facts.missing.length > 0) console.error(`not installed: ${facts.missing.join(", ")}`);
  const certificate = makeCertificate(lab.folder, SERVER_NAME);
  const say = (line: string): void => console.error(line);
  const folder = resolve(options.out ?? OUT);
  const results = await measure(options, { lab, plan, certificate, variants, say }, facts, folder);
  console.log(writeResults(folder, facts, results));
  console.error(`written to ${folder}`);
  if (results.some(({ standings }) => standings.some(({ failures }) => failures.length > 0))) process.exitCode = 1;
  process.exit();
}

await main(process.argv.slice(2));
