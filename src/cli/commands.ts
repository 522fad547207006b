import {
  type Config,
  ConfigError,
  configCandidates,
  explainConfig,
  findConfig,
  jsonSchema,
  loadConfig,
  type LoadedConfig,
  type Problem,
} from "../config/index.ts";
import type { Arguments } from "./args.ts";
import { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** Prints the JSON Schema. */
export function schemaCommand(io: Io): number {
  io.stdout.write(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
  return ExitCode.fine;
}

/** Judges a file: one line when it is right; mistakes are thrown. */
export function checkCommand(args: Arguments, io: Io): number {
  const { file, config, warnings } = loadNamed(args, io);
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
  io.stdout.write(`${file ?? ""}: fine (${summary(config)})\n`);
  return ExitCode.fine;
}

/** Prints the effective configuration of a file. */
export function explainCommand(args: Arguments, io: Io): number {
  const { file, config, warnings } = loadNamed(args, io);
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
  io.stdout.write(`# What ${file ?? ""} amounts to, with every default.\n${explainConfig(config)}`);
  return ExitCode.fine;
}

/** Loads the configuration of a command line in its surroundings; mistakes are thrown, all at once. */
export function loadFor(args: Arguments, io: Io, overrides = args.overrides): LoadedConfig {
  const { env, cwd, home, readFile } = io;
  return loadConfig({ file: args.file, fileNamedBy: namedBy(args), overrides, env, cwd, home, readFile });
}

/** Without a file there is nothing to judge or to explain, whatever the environment says. */
function loadNamed(args: Arguments, io: Io): LoadedConfig {
  if (findConfig({ ...io, file: args.file, fileNamedBy: namedBy(args) }) === undefined) throw noFile(io);
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
