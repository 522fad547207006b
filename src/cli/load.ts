import {
  type Config,
  ConfigError,
  configCandidates,
  findConfig,
  formatProblem,
  loadConfig,
  type LoadedConfig,
  type Overrides,
  type Problem,
  SETTINGS,
} from "../config/index.ts";
import type { Io } from "./io.ts";

/** Which file a command line names, and by what. */
export interface NamedFile {
  readonly file: string | undefined;
  /** The flag or argument. */
  readonly by: string;
}

/** Loads a configuration in the surroundings of a command line; mistakes are thrown, all at once. */
export function loadFor({ file, by }: NamedFile, io: Io, overrides: Overrides = {}): LoadedConfig {
  const { env, cwd, home, readFile } = io;
  return loadConfig({ file, fileNamedBy: by, overrides, env, cwd, home, readFile });
}

/** Loads a file. Without one there is nothing to judge or to explain, whatever the environment says. */
export function loadNamed(named: NamedFile, io: Io): LoadedConfig {
  if (findConfig({ ...io, file: named.file, fileNamedBy: named.by }) === undefined) throw noFile(io);
  return loadFor(named, io);
}

/**
 * Loads what `diff` compares, as far as it is named.
 *
 * @throws ConfigError with the mistakes of both files; what the surroundings do wrong to both is told once
 */
export function loadBoth(
  files: readonly NamedFile[],
  io: Io,
): { readonly before: Config; readonly after: Config; readonly warnings: readonly string[] } {
  const problems = new Map<string, Problem>();
  const loaded = files.flatMap((named) => {
    try {
      return [loadFor(named, io)];
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

/** Whether anything names a backend: an operand, the environment, a file. */
export function hasWork({ file, by }: NamedFile, backends: readonly string[], io: Io): boolean {
  if (backends.length > 0 || (io.env[SETTINGS.backends.variable] ?? "").trim() !== "") return true;
  return findConfig({ ...io, file, fileNamedBy: by }) !== undefined;
}

/** Writes what is right but careless. */
export function writeWarnings(warnings: readonly string[], io: Io): void {
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
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
