import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runCommand } from "../lab/command.ts";
import { openLab } from "../lab/lab.ts";
import { hour, type HourPlan } from "./hour.ts";
import { outcomeJson, outcomeOf, outcomeText } from "./report.ts";
import { STEPS } from "./steps.ts";
import { wholeNumber } from "../whole-number.ts";

/** `npm run hour [-- --minutes N]`: an hour of an operator's work in two minutes, under load. See bench/README.md. */

const MINUTES = 2;
const MINUTES_MAX = 60;
const TUNNELS = 2_000;
/** Both ends of a tunnel are in processes with 20,000 descriptors at most. */
const TUNNELS_MAX = 8_000;
const WORKERS = 2;
const WORKERS_MAX = 16;
/** Messages a second of each client, and what it is told besides the echoes. */
const SAID = 1;
const TOLD = 0.5;
/** In milliseconds. */
const SHUTDOWN = 6_000;
const RELOAD_EVERY = 3_000;
/** Minutes that go through all steps once. */
const ROUND = 2;
/** What a minute may take at most on a busy machine, in milliseconds; and what beginning and end may. */
const MINUTE_MAX = 120_000;
const ENDS_MAX = 120_000;
/** As shells number an end by Ctrl-C. */
const EXIT_STOPPED = 130;
const HELP = `usage: npm run hour [-- options]

Does to fairlead in ${MINUTES} minutes what operators do in an hour, under constant traffic, and says what was lost by that.

  --minutes N   how long (${MINUTES})
  --tunnels N   how many are open all the time (${TUNNELS})
  --workers N   fairlead's workers (${WORKERS})
  --out FILE    where what was seen goes, as JSON
  --help        this text

Exit code: 0 nothing was lost, 1 something was, 2 wrong usage, 130 stopped.
`;

interface Options {
  readonly minutes: number;
  readonly tunnels: number;
  readonly workers: number;
  readonly out: string | undefined;
  readonly help: boolean;
}

/** @throws Error when the command line is wrong */
function optionsOf(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", short: "h" } as const;
  const options = { minutes: text, tunnels: text, workers: text, out: text, help: flag } as const;
  const given = parseArgs({ args: [...args], options }).values;
  return {
    minutes: wholeNumber("--minutes", given.minutes ?? String(MINUTES), MINUTES_MAX),
    tunnels: wholeNumber("--tunnels", given.tunnels ?? String(TUNNELS), TUNNELS_MAX),
    workers: wholeNumber("--workers", given.workers ?? String(WORKERS), WORKERS_MAX),
    out: given.out,
    help: given.help ?? false,
  };
}

function planOf({ minutes, tunnels, workers }: Options): HourPlan {
  const rounds = Math.max(1, Math.round(minutes / ROUND));
  return {
    scale: { tunnels, workers, said: SAID, told: TOLD, shutdown: SHUTDOWN },
    time: minutes * 60_000,
    reloadEvery: RELOAD_EVERY,
    steps: Array.from({ length: rounds }, () => STEPS).flat(),
  };
}

async function run(options: Options): Promise<number> {
  const { minutes, out } = options;
  const lab = openLab(AbortSignal.timeout(ENDS_MAX + minutes * MINUTE_MAX));
  process.on("exit", () => lab.close());
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(EXIT_STOPPED));
  const date = new Date().toISOString();
  const outcome = outcomeOf(await hour(planOf(options), lab, (line) => console.error(line)));
  console.log(outcomeText(outcome));
  if (out !== undefined) writeFileSync(out, outcomeJson(outcome, { date, node: process.versions.node, ...options }));
  return outcome.problems.length === 0 ? 0 : 1;
}

process.exit(await runCommand({ name: "hour", help: HELP, optionsOf, run }, process.argv.slice(2)));
