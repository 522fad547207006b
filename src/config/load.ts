import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { readDocument } from "./document.ts";
import type { Environment } from "./expand.ts";
import { type ConfigSource, interpret, type InterpretedConfig } from "./interpret.ts";
import { whyUnreadable } from "./material.ts";
import { overlaySettings } from "./overlay.ts";
import { ConfigError, formatPath } from "./problem.ts";
import { CONFIG_VARIABLE, givenSettings, type Overrides, variableWarnings } from "./settings.ts";

/** A configuration file larger than this is not read; nobody writes one. */
const MAX_FILE_LENGTH = 4 * 1024 * 1024;

const NAMES = ["fairlead.yaml", "fairlead.yml", "fairlead.json"];
const SYSTEM_FOLDER = "/etc/fairlead";

/** The surroundings in which a configuration is looked for and read. */
export interface ConfigSurroundings {
  readonly env: Environment;
  /** Working directory. */
  readonly cwd: string;
  /** The user's home folder; undefined when there is none. */
  readonly home?: string | undefined;
  /** Gives a file's text or throws an error with a `code` such as `ENOENT`. Default: the file system. */
  readonly readFile?: ((path: string) => string) | undefined;
}

/** Which file to read. */
export interface FindOptions extends ConfigSurroundings {
  /** The file, relative to the working directory; by default the one that {@link findConfig} finds. */
  readonly file?: string | undefined;
  /** What named `file`, for messages. Default: `--config`. */
  readonly fileNamedBy?: string | undefined;
}

export interface LoadOptions extends FindOptions {
  /** What flags say; wins over the environment and the file. */
  readonly overrides?: Overrides | undefined;
}

/** A file that was found, read, but not yet understood. */
export interface FoundConfig {
  /** The name to call it by in messages. */
  readonly file: string;
  readonly text: string;
}

export interface LoadedConfig extends InterpretedConfig {
  /** The file that was read; undefined when there was none. */
  readonly file: string | undefined;
}

/** Where a configuration is looked for when none is named, in this order. */
export function configCandidates({ env, cwd, home }: ConfigSurroundings): string[] {
  const xdg = env["XDG_CONFIG_HOME"];
  const user = xdg !== undefined && xdg !== "" ? xdg : home === undefined ? undefined : join(home, ".config");
  const folders = [cwd, ...(user === undefined ? [] : [join(user, "fairlead")]), SYSTEM_FOLDER];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
}

/**
 * Reads the configuration file: the named one, else that of `FAIRLEAD_CONFIG`, else the first candidate that exists.
 *
 * @returns undefined when none was named and none exists
 * @throws ConfigError when a named file, or one that exists, cannot be read
 */
export function findConfig(options: FindOptions): FoundConfig | undefined {
  const variable = options.env[CONFIG_VARIABLE];
  const fromVariable = variable === undefined || variable === "" ? undefined : variable;
  const named = options.file ?? fromVariable;
  if (named !== undefined) {
    const name = options.file === undefined ? CONFIG_VARIABLE : (options.fileNamedBy ?? "--config");
    return { file: named, text: readNamed(resolve(options.cwd, named), name, options) };
  }
  for (const candidate of configCandidates(options)) {
    const text = readIfThere(candidate, options);
    if (text !== undefined)
      return { file: dirname(candidate) === resolve(options.cwd) ? basename(candidate) : candidate, text };
  }
  return undefined;
}

/**
 * Finds, reads and understands the configuration: flags over environment over file.
 *
 * @throws ConfigError (code CONFIG_INVALID) with every mistake in `problems`, each with its place
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const found = findConfig(options);
  const file = found?.file;
  const document = found === undefined ? undefined : readDocument(found.text, found.file, options.env);
  const overlay = overlaySettings(document?.data ?? {}, givenSettings(options.overrides ?? {}, options.env));
  const settingProblems = overlay.problems.map(({ place, issue }) => ({
    ...issue,
    place,
    path: formatPath(issue.path),
  }));
  const source: ConfigSource = {
    locate: (path, atKey) => {
      const name = overlay.nameAt(path);
      return name === undefined ? document?.locate(overlay.pathInFile(path), atKey) : { name };
    },
    isText: (path) => overlay.nameAt(path) !== undefined || (document?.isExpanded(overlay.pathInFile(path)) ?? false),
    files: {
      folder: file === undefined ? options.cwd : dirname(resolve(options.cwd, file)),
      readFile: options.readFile ?? readText,
    },
    problems: [...(document?.problems ?? []), ...settingProblems],
  };
  // A file that cannot be parsed says nothing, so only its syntax can be judged.
  if (document?.broken === true) throw new ConfigError(source.problems);
  const { config, warnings } = interpret(overlay.data, source);
  return { config, warnings: [...warnings, ...variableWarnings(options.env)], file };
}

/**
 * The files that a configuration was made of: its own, and the certificates, keys and authorities that it names.
 *
 * @param cwd working directory that it was loaded in
 * @returns absolute paths, each once
 */
export function watchedFiles({ file, config }: LoadedConfig, cwd: string): string[] {
  const certificates = config.listeners.flatMap(({ tls }) => tls?.certificates ?? []);
  const named = [
    file === undefined ? undefined : resolve(cwd, file),
    ...certificates.flatMap(({ certFile, keyFile }) => [certFile, keyFile]),
    ...Object.values(config.pools).map(({ tls }) => tls.caFile),
  ];
  return [...new Set(named.filter((path) => path !== undefined))];
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

function readNamed(path: string, name: string, options: ConfigSurroundings): string {
  try {
    return bounded(path, (options.readFile ?? readText)(path));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const isForbidden = error instanceof Error && "code" in error && error.code === "EACCES";
    const remedy = isForbidden ? "make it readable, or name another" : "name a YAML or JSON file";
    const message = `${path} cannot be read: ${whyUnreadable(error)}; ${remedy}`;
    throw new ConfigError([{ place: { name }, path: "", message }]);
  }
}

function readIfThere(path: string, options: ConfigSurroundings): string | undefined {
  try {
    return bounded(path, (options.readFile ?? readText)(path));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (error instanceof ConfigError) throw error;
    const message = `this file cannot be read: ${whyUnreadable(error)}; make it readable, or name another with --config`;
    throw new ConfigError([{ place: { file: path, line: 1, column: 1 }, path: "", message }]);
  }
}

function bounded(path: string, text: string): string {
  if (text.length <= MAX_FILE_LENGTH) return text;
  const message = `this file has ${text.length} characters; a configuration has at most ${MAX_FILE_LENGTH}`;
  throw new ConfigError([{ place: { file: path, line: 1, column: 1 }, path: "", message }]);
}
