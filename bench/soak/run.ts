import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runCommand } from "../lab/command.ts";
import { openLab } from "../lab/lab.ts";
import { outcomeJson, outcomeOf, outcomeText } from "./report.ts";
import { soak } from "./soak.ts";
import { wholeNumber } from "../whole-number.ts";

/** `npm run soak [-- --minutes N]`: whether all that fairlead takes it gives back. See bench/README.md. */

const MINUTES = 10;
const MINUTES_MAX = 1_440;
/** Of each minute; the rest of it is for coming to rest and being measured. In milliseconds. */
const LOAD = 40_000;
const CLIENTS = 2;
const CROWD = { talkers: 50, residents: 20, readers: 3, requesters: 4 };
/** What a minute may take at most on a busy machine, in milliseconds; and what beginning and end may. */
const MINUTE_MAX = 150_000;
const ENDS_MAX = 300_000;
/** As shells number an end by Ctrl-C. */
const EXIT_STOPPED = 130;
const HELP = `usage: npm run soak [-- options]

Runs fairlead with two workers under a load that comes and goes, with backends that are killed and frozen, and says what
has not come back to where it began.

  --minutes N   how long (${MINUTES})
  --seed N      what the clients' dice begin with (1)
  --out FILE    where everything that was seen goes, as JSON
  --help        this text

Exit code: 0 all came back, 1 something did not, 2 wrong usage, 130 stopped.
`;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly out: string | undefined;
  readonly help: boolean;
}

/** @throws Error when the command line is wrong */
function optionsOf(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const options = { minutes: text, seed: text, out: text, help: { type: "boolean", short: "h" } } as const;
  const { minutes = String(MINUTES), seed = "1", out, help = false } = parseArgs({ args: [...args], options }).values;
  return { minutes: wholeNumber("--minutes", minutes, MINUTES_MAX), seed: wholeNumber("--seed", seed, 1e6), out, help };
}

async function run({ minutes, seed, out }: Options): Promise<number> {
  const lab = openLab(AbortSignal.timeout(ENDS_MAX + minutes * MINUTE_MAX));
  process.on("exit", () => lab.close());
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(EXIT_STOPPED));
  const date = new Date().toISOString();
  const plan = { cycles: minutes, load: LOAD, clients: CLIENTS, crowd: CROWD, seed };
  const outcome = outcomeOf(await soak(plan, lab, (line) => console.error(line)));
  console.log(outcomeText(outcome));
  if (out !== undefined) writeFileSync(out, outcomeJson(outcome, { date, node: process.versions.node, plan }));
  return outcome.problems.length === 0 ? 0 : 1;
}

process.exit(await runCommand({ name: "soak", help: HELP, optionsOf, run }, process.argv.slice(2)));
