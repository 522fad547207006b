import { ConfigError, formatProblem } from "../config/index.ts";
import { FairleadError } from "../base/index.ts";
import { AdminError } from "./admin-error.ts";
import { parseArguments } from "./args.ts";
import type { Accepted } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type Io, processIo } from "./io.ts";

/**
 * Runs one command line to its end.
 *
 * @param argv what follows node and the script
 * @returns the exit code; it never throws
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  try {
    const asked = parseArguments(argv);
    if ("print" in asked) {
      io.stdout.write(asked.print);
      return ExitCode.fine;
    }
    return asked.problems.length > 0 ? failUsage(asked, io) : await asked.run(io);
  } catch (error) {
    return fail(error, io);
  }
}

/** Mistakes of usage, and those of what the rest of the command line asks for, all at once. */
function failUsage(asked: Accepted, io: Io): number {
  for (const problem of asked.problems) io.stderr.write(`${problem}\n`);
  try {
    asked.judge(io);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    writeProblems(error, io);
  }
  return ExitCode.usage;
}

function fail(error: unknown, io: Io): number {
  if (error instanceof ConfigError) {
    writeProblems(error, io);
    return ExitCode.usage;
  }
  if (error instanceof FairleadError) {
    const problems = error instanceof AdminError ? error.problems : [];
    // The message is no more than all of them.
    for (const problem of problems) io.stderr.write(`${problem}\n`);
    if (problems.length === 0) io.stderr.write(`fairlead: ${error.message} (${error.code})\n`);
    return USAGE_CODES.has(error.code) ? ExitCode.usage : ExitCode.failed;
  }
  io.stderr.write(`fairlead: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return ExitCode.failed;
}

/** Errors that are mistakes in what was asked for. */
const USAGE_CODES: ReadonlySet<string> = new Set(["CONFIG_INVALID", "INPUT_INVALID", "USAGE"]);

function writeProblems(error: ConfigError, io: Io): void {
  for (const problem of error.problems) io.stderr.write(`${formatProblem(problem)}\n`);
}
