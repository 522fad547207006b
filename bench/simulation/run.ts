import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BALANCE_METHODS } from "../../src/balancing/index.ts";
import type { BalanceMethod } from "../../src/balancing/index.ts";
import { didYouMean } from "../../src/base/index.ts";
import { messageOf } from "../seat.ts";
import { plotText } from "./plot.ts";
import { SCENARIO_NAMES, SCENARIOS } from "./scenario.ts";
import { EVENINGS, REBALANCE_NAMES, REBALANCES } from "./rebalances.ts";
import type { Course } from "./measurement.ts";
import type { Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { outcomeOf, rebalanceText, scenarioText, summaryText } from "./table.ts";
import type { Outcome } from "./table.ts";

/** `npm run simulation`: every balancing method in every scenario, under a simulated clock. See bench/README.md. */

const SEEDS_USUAL = 5;
const SEEDS_MAX = 1000;
const ALL_NAMES = [...SCENARIO_NAMES, ...REBALANCE_NAMES];
const HELP = `usage: npm run simulation [-- --scenario NAME... --method NAME... --seeds N --out FOLDER]

Lets clients come and go under a simulated clock, and shows how even each balancing method keeps backends, and
what rebalancing makes of tunnels that last.

  --scenario NAME  only this one, may be repeated: ${ALL_NAMES.join(", ")}
  --method NAME    only this one, may be repeated: ${BALANCE_METHODS.join(", ")}
  --seeds N        runs of each, with other clients in each (${SEEDS_USUAL})
  --out FOLDER     where a plot of each scenario over time goes, as SVG, and the tables
  --help           this text

Exit code: 0 simulated, 2 wrong usage.
`;

interface Options {
  readonly scenarios: readonly string[];
  readonly methods: readonly BalanceMethod[];
  readonly seeds: number;
  readonly out: string | undefined;
}

/** What was asked for; undefined when only help was. @throws Error that says what is wrong */
function optionsOf(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string", multiple: true },
      method: { type: "string", multiple: true },
      seeds: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return undefined;
  const seeds = Number(values.seeds ?? SEEDS_USUAL);
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > SEEDS_MAX)
    throw new Error(`--seeds is a whole number from 1 to ${SEEDS_MAX}, not "${values.seeds}"`);
  // Who asks for a method does not ask for what rebalancing does beside another one.
  const usual = values.method === undefined ? ALL_NAMES : SCENARIO_NAMES;
  return {
    scenarios: (values.scenario ?? usual).map((name) => known("scenario", name, ALL_NAMES)),
    methods: (values.method ?? BALANCE_METHODS).map((name) => known("method", name, BALANCE_METHODS)),
    seeds,
    out: values.out,
  };
}

function known<Name extends string>(kind: string, asked: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === asked);
  if (found !== undefined) return found;
  const meant = didYouMean(asked, names);
  throw new Error(`unknown ${kind} ${asked}; ${meant === undefined ? names.join(", ") : `did you mean ${meant}?`}`);
}

/** One scenario, once for each way and seed. */
function outcomesOf<Way extends string>(
  scenario: Scenario,
  ways: readonly Way[],
  { seeds, out }: Options,
  simulateOne: (way: Way, seed: number) => Course,
): Outcome[] {
  const lines = ways.map((way) => ({
    method: way,
    courses: Array.from({ length: seeds }, (_, index) => simulateOne(way, index + 1)),
  }));
  const first = lines.flatMap(({ method, courses: [course] }) => (course === undefined ? [] : { method, course }));
  if (out !== undefined) writeFileSync(join(out, `${scenario.name}.svg`), plotText(scenario, first));
  return lines.map(({ method, courses }) => outcomeOf(method, courses));
}

function runMethods(options: Options): string[] {
  const some = SCENARIOS.filter(({ name }) => options.scenarios.includes(name));
  const results = some.map((scenario) => {
    const outcomes = outcomesOf(scenario, options.methods, options, (method, seed) => simulate(scenario, method, seed));
    console.log(`${scenarioText(scenario, outcomes)}\n`);
    return { scenario, outcomes };
  });
  if (results.length === 0) return [];
  const summary = summaryText(results);
  console.log(`## All: messages, max/mean, and p99 of the wait\n\n${summary}\n`);
  return [...results.map(({ scenario, outcomes }) => scenarioText(scenario, outcomes)), summary];
}

/** What is evened by rebalancing beside the method that goes by what tunnels carry. */
function runRebalances(options: Options): string[] {
  const some = REBALANCES.filter(({ name }) => options.scenarios.includes(name));
  const results = some.map((scenario) => {
    const outcomes = outcomesOf(scenario, Object.keys(EVENINGS), options, (evens, seed) =>
      simulate(scenario, "least-load", seed, EVENINGS[evens]),
    );
    console.log(`${rebalanceText(scenario, outcomes)}\n`);
    return { scenario, outcomes };
  });
  if (results.length === 0) return [];
  const summary = summaryText(results, "evens");
  console.log(`## Rebalancing: messages, max/mean, p99 of the wait, tunnels moved\n\n${summary}`);
  return [...results.map(({ scenario, outcomes }) => rebalanceText(scenario, outcomes)), summary];
}

function run(options: Options): void {
  const { out } = options;
  if (out !== undefined) mkdirSync(out, { recursive: true });
  const parts = [...runMethods(options), ...runRebalances(options)];
  if (out !== undefined) writeFileSync(join(out, "simulation.md"), `${parts.join("\n\n")}\n`);
}

/** Keeps to what shells expect: 2 for wrong usage. */
function main(args: readonly string[]): number {
  let options: Options | undefined;
  try {
    options = optionsOf(args);
  } catch (error) {
    console.error(`${messageOf(error)}\n\nTry: npm run simulation -- --help`);
    return 2;
  }
  if (options === undefined) console.log(HELP);
  else run(options);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
