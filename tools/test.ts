import { readdirSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import type { PassOptions, PassResult } from "./testing/pass.ts";
import { runPass } from "./testing/pass.ts";
import { isolationOption, select } from "./testing/select.ts";

/**
 * `npm test [-- FILTER... --OPTION=VALUE...]`: runs every test, or those whose path holds one of the filters. Options go
 * on to `node --test`. Ends with a line `N passed, N failed, N skipped`.
 *
 * Rooms are tested in one process, which is several times faster; what starts processes or sends signals gets one
 * process a file, a few at a time.
 */
const ROOT = resolve(import.meta.dirname, "..");

/** Limits of one test and of one pass, in milliseconds. An isolated file as a whole counts as one test, too. */
const SHARED_TEST_TIMEOUT = 60_000;
const SHARED_PASS_TIMEOUT = 5 * 60_000;
const ISOLATED_TEST_TIMEOUT = 180_000;
const ISOLATED_PASS_TIMEOUT = 15 * 60_000;
/** From the last test of a pass to the end of its process, in milliseconds. */
const ENDING_TIMEOUT = 10_000;
/** Isolated files at a time: their timing must hold on two cores. */
const ISOLATED_CONCURRENCY = 2;

async function main(args: readonly string[]): Promise<void> {
  const options = args.filter((arg) => arg.startsWith("-"));
  const filters = args.filter((arg) => !arg.startsWith("-"));
  const files = testFiles().toSorted();
  const { shared, isolated, unmatched } = select(files, filters);
  if (unmatched.length > 0) {
    console.error(`no test file has ${unmatched.map((filter) => `"${filter}"`).join(" or ")} in its path`);
    process.exitCode = 2;
    return;
  }
  const passes: PassOptions[] = [
    {
      root: ROOT,
      name: "in one process",
      files: shared,
      options: [`${isolationOption(process.versions.node)}=none`, `--test-timeout=${SHARED_TEST_TIMEOUT}`, ...options],
      timeout: SHARED_PASS_TIMEOUT,
      endingTimeout: ENDING_TIMEOUT,
    },
    {
      root: ROOT,
      name: "one process a file",
      files: isolated,
      options: [`--test-concurrency=${ISOLATED_CONCURRENCY}`, `--test-timeout=${ISOLATED_TEST_TIMEOUT}`, ...options],
      timeout: ISOLATED_PASS_TIMEOUT,
      endingTimeout: ENDING_TIMEOUT,
    },
  ];
  const results: PassResult[] = [];
  for (const pass of passes.filter((candidate) => candidate.files.length > 0)) {
    console.log(`\n== ${pass.name}: ${pass.files.length} files`);
    results.push(await runPass(pass));
  }
  process.exitCode = conclude(results);
}

function testFiles(): string[] {
  const entries = readdirSync(resolve(ROOT, "test"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"));
  return files.map((entry) => relative(ROOT, resolve(entry.parentPath, entry.name)).split(sep).join("/"));
}

/** Prints what was skipped, what went wrong beside the tests, and the sums; gives the exit code. */
function conclude(results: readonly PassResult[]): number {
  const skipped = results.flatMap((result) => result.skipped);
  const troubles = results.flatMap((result) => result.troubles);
  const sum = (key: "passed" | "failed"): number => results.reduce((total, result) => total + result[key], 0);
  const failed = sum("failed") + troubles.length;
  console.log();
  for (const { name, file, reason } of skipped) {
    console.log(`skipped: ${name}${file === undefined ? "" : ` (${relative(ROOT, file)})`}: ${reason}`);
  }
  for (const trouble of troubles) console.log(`failed: ${trouble}`);
  console.log(`${sum("passed")} passed, ${failed} failed, ${skipped.length} skipped`);
  if (sum("passed") + failed === 0) console.log("no test was run");
  return failed > 0 || sum("passed") === 0 ? 1 : 0;
}

await main(process.argv.slice(2));
