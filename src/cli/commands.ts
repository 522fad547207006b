import {
  type Config,
  ConfigError,
  configCandidates,
  diffConfigs,
  explainConfig,
  findConfig,
  formatDiff,
  formatProblem,
  jsonSchema,
  loadConfig,
  type LoadedConfig,
  type Problem,
} from "../config/index.ts";
import type { Arguments } from "./args.ts";
import { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { OPERANDS } from "./program.ts";

/** Prints the JSON Schema. */
export function schemaCommand(io: Io): number {
  io.stdout.write(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
  return ExitCode.fine;
}

/** Judges a file: one line when it is right; mistakes are thrown. */
export function checkCommand(args: Arguments, io: Io): number {
  const { file, config, warnings } = loadNamed(args, io);
  writeWarnings(warnings, io);
  io.stdout.write(`${file ?? ""}: fine (${summary(config)})\n`);
  return ExitCode.fine;
}

/** Prints the effective configuration of a file. */
export function explainCommand(args: Arguments, io: Io): number {
  const { file, config, warnings } = loadNamed(args, io);
  writeWarnings(warnings, io);
  io.stdout.write(`# What ${file ?? ""} amounts to, with every default.\n${explainConfig(config)}`);
  return ExitCode.fine;
}

/** Prints what a reload from one file to the other does; the mistakes of both are thrown, all at once. */
export function diffCommand(args: Arguments, io: Io): number {
  const { before, after, warnings } = loadBoth(args, io);
  writeWarnings(warnings, io);
  const diff = diffConfigs(before, after);
  const differs = diff.length > 0;
  io.stdout.write(
    args.diff.json ? `${JSON.stringify({ differs, differences: diff }, undefined, 2)}\n` : formatDiff(diff),
  );
  return differs && args.diff.exitCode ? ExitCode.differs : ExitCode.fine;
}

/** Loads the configuration of a command line in its surroundings; mistakes are thrown, all at once. */
export function loadFor(args: Arguments, io: Io, overrides = args.overrides): LoadedConfig {
  const { env, cwd, home, readFile } = io;
  const [file] = args.files;
  return loadConfig({ file, fileNamedBy: namedBy(args), overrides, env, cwd, home, readFile });
}

/**
 * Loads what `diff` compares, as far as it is named.
 *
 * @throws ConfigError with the mistakes of both files; what the surroundings do wrong to both is told once
 */
export function loadBoth(
  { files }: Pick<Arguments, "files">,
  io: Io,
): { readonly before: Config; readonly after: Config; readonly warnings: readonly string[] } {
  const { env, cwd, home, readFile } = io;
  const problems = new Map<string, Problem>();
  const loaded = files.flatMap((file, index) => {
    try {
      return [loadConfig({ file, fileNamedBy: OPERANDS.diff[index], env, cwd, home, readFile })];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.set(formatProblem(problem), problem);
      return [];
    }
  });
  const [before, after] = loaded;
  if (before === undefined || after === undefined) throw new ConfigError([...problems.values()]);
  const warnings = [...new Set([...before.warnings, ...after.warnings])];
  return { before: before.config, after: after.config, warnings };
}

function writeWarnings(warnings: readonly string[], io: Io): void {
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
}

/** Without a file there is nothing to judge or to explain, whatever the environment says. */
function loadNamed(args: Arguments, io: Io): LoadedConfig {
  if (findConfig({ ...io, file: args.files[0], fileNamedBy: namedBy(args) }) === undefined) throw noFile(io);
  return loadFor(args, io);
}

/** What names the configuration file: `serve` has a flag for it, the other commands an argument. */
function namedBy({ command }: Arguments): string {
  return command === "serve" ? "--config" : "FILE";
}

function noFile(io: Io): ConfigError {
  const places = configCandidates(io);
  const problem: Problem = {
    place: undefined,
    path: "",
    message: `there is no configuration file; name one, or make one of ${places.join(", ")}`,
  };
  return new ConfigError([problem]);
}

function summary(config: Config): string {
  const pools = Object.values(config.pools);
  const backends = pools.reduce((sum, pool) => sum + pool.backends.length, 0);
  const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;
  return [
    count(config.listeners.length, "listener"),
    count(config.routes.length, "route"),
    count(pools.length, "pool"),
    count(backends, "backend"),
  ].join(", ");
}
