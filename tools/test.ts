import { readdirSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import type { PassOptions, PassResult } from "./testing/pass.ts";
import { runPass } from "./testing/pass.ts";
import { select } from "./testing/select.ts";

/**
 * `npm test [-- FILTER... --OPTION=VALUE...]`: runs every test, or those whose path holds one of the filters. Options go
 * on to `node --test`. Ends with a line `N passed, N failed, N skipped`.
 *
 * Rooms are tested in one process, which is several times faster; what starts processes or sends signals gets one
 * process a file, a few at a time.
 */
const ROOT = resolve(import.meta.dirname, "..");

/** Limits of one test and of one process, in milliseconds. */
const TEST_TIMEOUT = 120_000;
const SHARED_TIMEOUT = 5 * 60_000;
const ISOLATED_TIMEOUT = 10 * 60_000;
/** From the last test of a process to its end, in milliseconds. */
const ENDING_TIMEOUT = 10_000;
/** Isolated files at a time: their timing must hold on two cores. */
const ISOLATED_CONCURRENCY = 2;

async function main(args: readonly string[]): Promise<void> {
  const options = [`--test-timeout=${TEST_TIMEOUT}`, ...args.filter((arg) => arg.startsWith("-"))];
  const filters = args.filter((arg) => !arg.startsWith("-"));
  const { shared, isolated, unmatched } = select(testFiles().toSorted(), filters);
  if (unmatched.length > 0) {
    console.error(`no test file has ${unmatched.map((filter) => `"${filter}"`).join(" or ")} in its path`);
    process.exitCode = 2;
    return;
  }
  const common = { root: ROOT, options, endingTimeout: ENDING_TIMEOUT };
  const results: PassResult[] = [];
  if (shared.length > 0) {
    console.log(`== ${shared.length} files in one process`);
    results.push(await runPass({ ...common, files: shared, timeout: SHARED_TIMEOUT, output: "show" }));
  }
  if (isolated.length > 0) {
    console.log(`\n== ${isolated.length} files in a process each`);
    results.push(...(await runEach(isolated, { ...common, timeout: ISOLATED_TIMEOUT, output: "keep" })));
  }
  process.exitCode = conclude(results);
}

/** Runs each file in a process of its own, a few at a time, and shows what it printed when it is done. */
async function runEach(files: readonly string[], options: Omit<PassOptions, "files">): Promise<PassResult[]> {
  const waiting = [...files];
  const results: PassResult[] = [];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const started = performance.now();
      const result = await runPass({ ...options, files: [file] });
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`\n-- ${file}: ${seconds} s\n${withoutSums(result.printed)}`);
      results.push({ ...result, troubles: result.troubles.map((trouble) => `${file}: ${trouble}`) });
    }
  };
  await Promise.all(Array.from({ length: ISOLATED_CONCURRENCY }, work));
  return results;
}

/** One file's sums are of no interest; those of all stand at the end. */
function withoutSums(printed: string): string {
  const lines = printed
    .split("\n")
    .filter((line) => !/^ℹ (?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(line));
  return lines.join("\n").trimEnd();
}

function testFiles(): string[] {
  const entries = readdirSync(resolve(ROOT, "test"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"));
  return files.map((entry) => relative(ROOT, resolve(entry.parentPath, entry.name)).split(sep).join("/"));
}

/** Prints by name what was skipped and what failed, and the sums; gives the exit code. */
function conclude(results: readonly PassResult[]): number {
  const tests = results.flatMap((result) => result.tests);
  const troubles = results.flatMap((result) => result.troubles);
  const of = (wanted: string): typeof tests => tests.filter(({ result }) => result === wanted);
  const [passed, failed, skipped] = [of("passed"), of("failed"), of("skipped")];
  const where = (file: string | undefined): string => (file === undefined ? "" : ` (${relative(ROOT, file)})`);
  console.log();
  for (const { name, file, reason } of skipped) console.log(`skipped: ${name}${where(file)}: ${reason}`);
  for (const { name, file } of failed) console.log(`failed: ${name}${where(file)}`);
  for (const trouble of troubles) console.log(`failed: ${trouble}`);
  const failures = failed.length + troubles.length;
  console.log(`${passed.length} passed, ${failures} failed, ${skipped.length} skipped`);
  // Nothing run is nothing shown.
  return failures > 0 || passed.length === 0 ? 1 : 0;
}

await main(process.argv.slice(2));
