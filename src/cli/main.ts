import { ConfigError, findConfig, formatProblem, SETTINGS } from "../config/index.ts";
import { FairleadError } from "../base/index.ts";
import { createLogger, logsRecords } from "../supervisor/index.ts";
import { type Arguments, parseArguments } from "./args.ts";
import { checkCommand, diffCommand, explainCommand, loadBoth, loadFor, schemaCommand } from "./commands.ts";
import { type Demo, startDemo } from "./demo.ts";
import { ExitCode } from "./exit-code.ts";
import { type Io, processIo, type TextOutput } from "./io.ts";
import { serve } from "./serve.ts";

/**
 * Runs one command line to its end.
 *
 * @param argv what follows node and the script
 * @returns the exit code; it never throws
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  try {
    const args = parseArguments(argv);
    if ("print" in args) {
      io.stdout.write(args.print);
      return ExitCode.fine;
    }
    return args.problems.length > 0 ? failUsage(args, io) : await run(args, io);
  } catch (error) {
    return fail(error, io);
  }
}

function run(args: Arguments, io: Io): number | Promise<number> {
  switch (args.command) {
    case "schema":
      return schemaCommand(io);
    case "check":
      return checkCommand(args, io);
    case "explain":
      return explainCommand(args, io);
    case "diff":
      return diffCommand(args, io);
    case "serve":
      return runServe(args, io);
  }
}

/** Balances; with nothing to balance, demo backends of its own. */
async function runServe(args: Arguments, io: Io): Promise<number> {
  const demo = hasWork(args, io) ? undefined : await startDemo();
  try {
    const overrides = demo === undefined ? args.overrides : { ...args.overrides, backends: demo.urls };
    const { config, warnings, file } = loadFor(args, io, overrides);
    const logger = createLogger(config.log, io.stdout, (io.env["NO_COLOR"] ?? "") !== "");
    if (file !== undefined) logger.info({ file }, "configuration read");
    for (const warning of warnings) logger.warn({}, warning);
    // Lines for people do not belong among lines for programs.
    const output = io.stdout.isTTY === true ? io.stdout : io.stderr;
    const onRecord = logsRecords(logger, config.log, io.stdout);
    return await serve(config, { logger, onRecord }, io.signals, (urls) => announceDemo(demo, urls, output));
  } finally {
    await demo?.close();
  }
}

/** Whether anything names a backend: an operand, the environment, a file. */
function hasWork(args: Arguments, io: Io): boolean {
  if ((args.overrides.backends ?? []).length > 0 || (io.env[SETTINGS.backends.variable] ?? "").trim() !== "")
    return true;
  return findConfig({ ...io, file: args.files[0] }) !== undefined;
}

function announceDemo(demo: Demo | undefined, urls: readonly string[], output: TextOutput): void {
  const url = urls[0];
  if (demo !== undefined && url !== undefined) output.write(demo.invitation(url));
}

/** Mistakes of usage, and those of what the rest of the command line asks for, all at once. */
function failUsage(args: Arguments, io: Io): number {
  for (const problem of args.problems) io.stderr.write(`${problem}\n`);
  try {
    if (args.command === "diff") loadBoth(args, io);
    else if (args.command !== "schema" && hasWork(args, io)) loadFor(args, io);
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
    io.stderr.write(`fairlead: ${error.message} (${error.code})\n`);
    return error.code === "CONFIG_INVALID" || error.code === "USAGE" ? ExitCode.usage : ExitCode.failed;
  }
  io.stderr.write(`fairlead: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return ExitCode.failed;
}

function writeProblems(error: ConfigError, io: Io): void {
  for (const problem of error.problems) io.stderr.write(`${formatProblem(problem)}\n`);
}
