import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openLab } from "../lab/lab.ts";
import { messageOf } from "../seat.ts";
import { type Held, type Part, runPart } from "./part.ts";
import { partText } from "./report.ts";

/** `npm run scale [-- --out FILE]`: how many tunnels fairlead holds, and in how much memory. See bench/README.md. */

/** In milliseconds. */
const REST = 5_000;
/** Levels on the way to the last, so that a line can be drawn. */
const LEVELS = [1_000, 3_000, 5_000, 7_000];
const PARTS: readonly Part[] = [
  { title: "one instance with two workers", instances: 1, workers: 2, levels: [...LEVELS, 9_500], rest: REST },
  // In sum 28,002, with which each process is near the limit of 20,000 descriptors.
  { title: "three instances with one worker each", instances: 3, workers: 1, levels: [...LEVELS, 9_334], rest: REST },
];
/** The whole run; what has not ended by then has failed. In milliseconds. */
const TIMEOUT = 15 * 60_000;
/** As shells number an end by Ctrl-C. */
const EXIT_STOPPED = 130;
const HELP = `usage: npm run scale [-- --out FILE]

Opens 9,500 tunnels through one fairlead, and 28,000 through three, shows that all of them answer, and measures memory.

  --out FILE   where figures go, as JSON
  --help       this text

Exit code: 0 all were held, 1 one was lost or something failed, 2 wrong usage, 130 stopped.
`;

/** What was asked for; undefined when that is wrong, which has been said. */
function optionsOf(args: readonly string[]): { readonly out?: string; readonly help?: boolean } | undefined {
  try {
    return parseArgs({ args: [...args], options: { out: { type: "string" }, help: { type: "boolean", short: "h" } } })
      .values;
  } catch (error) {
    console.error(`${messageOf(error)}\n\nTry: npm run scale -- --help`);
    return undefined;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options === undefined) return 2;
  if (options.help === true) {
    console.log(HELP);
    return 0;
  }
  const lab = openLab(AbortSignal.timeout(TIMEOUT));
  process.on("exit", () => lab.close());
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(EXIT_STOPPED));
  const results: { readonly part: Part; readonly held: readonly Held[] }[] = [];
  let failure: string | undefined;
  try {
    for (const part of PARTS) {
      console.error(part.title);
      const held = await runPart(part, lab, (line) => console.error(line));
      console.log(partText(part, held));
      results.push({ part, held });
    }
  } catch (error) {
    failure = messageOf(error);
    console.error(`failed: ${failure}`);
  }
  const date = new Date().toISOString();
  if (options.out !== undefined)
    writeFileSync(
      options.out,
      `${JSON.stringify({ date, node: process.versions.node, failure: failure ?? null, results }, undefined, 2)}\n`,
    );
  return failure === undefined ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
