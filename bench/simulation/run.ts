import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BALANCE_METHODS } from "../../src/balancing/index.ts";
import type { BalanceMethod } from "../../src/balancing/index.ts";
import { didYouMean } from "../../src/base/index.ts";
import { messageOf } from "../seat.ts";
import { plotText } from "./plot.ts";
import { SCENARIO_NAMES, SCENARIOS } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { outcomeOf, scenarioText, summaryText } from "./table.ts";

/** `npm run simulation`: every balancing method in every scenario, under a simulated clock. See bench/README.md. */

const SEEDS_USUAL = 5;
const SEEDS_MAX = 1000;
const HELP = `usage: npm run simulation [-- --scenario NAME... --method NAME... --seeds N --out FOLDER]

Lets clients come and go under a simulated clock, and shows how even each balancing method keeps backends.

  --scenario NAME  only this one, may be repeated: ${SCENARIO_NAMES.join(", ")}
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
  return {
    scenarios: (values.scenario ?? SCENARIO_NAMES).map((name) => known("scenario", name, SCENARIO_NAMES)),
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

function run({ scenarios, methods, seeds, out }: Options): void {
  if (out !== undefined) mkdirSync(out, { recursive: true });
  const results = SCENARIOS.filter(({ name }) => scenarios.includes(name)).map((scenario) => {
    const lines = methods.map((method) => ({
      method,
      courses: Array.from({ length: seeds }, (_, index) => simulate(scenario, method, index + 1)),
    }));
    const outcomes = lines.map(({ method, courses }) => outcomeOf(method, courses));
    console.log(`${scenarioText(scenario, outcomes)}\n`);
    const first = lines.flatMap(({ method, courses: [course] }) => (course === undefined ? [] : { method, course }));
    if (out !== undefined) writeFileSync(join(out, `${scenario.name}.svg`), plotText(scenario, first));
    return { scenario, outcomes };
  });
  const summary = summaryText(results);
  console.log(`## All: messages, max/mean, and p99 of the wait\n\n${summary}`);
  const parts = results.map(({ scenario, outcomes }) => scenarioText(scenario, outcomes));
  if (out !== undefined) writeFileSync(join(out, "simulation.md"), `${[...parts, summary].join("\n\n")}\n`);
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
