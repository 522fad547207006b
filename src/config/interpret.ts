import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

import { crossCheck, defaultPoolName } from "./checks.ts";
import { validate } from "./issues.ts";
import { type FileAccess, readMaterials } from "./material.ts";
import { normalise } from "./normalise.ts";
import { ConfigError, formatPath, type Issue, type Path, type Place, type Problem } from "./problem.ts";
import { configSchema, type ConfigInput, type ParsedConfig } from "./schema.ts";
import { getIn, setIn } from "./tree.ts";
import type { Config } from "./types.ts";
import { warningsOf } from "./warnings.ts";

/** Where a configuration comes from: what places its values have, and how files beside it are read. */
export interface ConfigSource {
  /** Place of a value, or of its key; undefined where values have no places. */
  readonly locate: (path: Path, atKey: boolean) => Place | undefined;
  /** Whether the value could only be given as text, so that "8" may have been meant as 8. */
  readonly isText: (path: Path) => boolean;
  readonly files: FileAccess;
  /** Mistakes that were found before: of syntax, of references. */
  readonly problems: readonly Problem[];
}

/** A valid configuration, and what may still not be what its author wants. */
export interface InterpretedConfig {
  readonly config: Config;
  /** One line each, with its place. */
  readonly warnings: readonly string[];
}

/** Of a configuration given as a value: no places, and files relative to the working directory. */
const VALUE_SOURCE: ConfigSource = {
  locate: () => undefined,
  isText: () => false,
  files: { folder: ".", readFile: (path) => readFileSync(path, "utf8") },
  problems: [],
};

/**
 * Makes a configuration from a value of the form that files have.
 *
 * @param source where it comes from; by default nowhere, with files relative to the working directory
 * @throws ConfigError (code CONFIG_INVALID) with every mistake in `problems`
 */
export function parseConfig(input: ConfigInput, source: ConfigSource = VALUE_SOURCE): InterpretedConfig {
  return interpret(input, source);
}

/** As {@link parseConfig}, for data of any form. */
export function interpret(input: unknown, source: ConfigSource): InterpretedConfig {
  const { data, result } = validateText(input, source);
  const { materials, issues: fileIssues } = readMaterials(data, source.files);
  const issues = ["issues" in result ? result.issues : [], crossCheck(data), fileIssues].flat();
  const found = issues.map((issue) => problemOf(issue, source));
  const problems = [...source.problems, ...found.filter((problem) => !isKnown(problem, source.problems))];
  if (problems.length > 0 || "issues" in result) throw new ConfigError(problems);
  const config = normalise(result.data, defaultPoolName(data), materials);
  return { config, warnings: warningsOf(config, data, source) };
}

/** Whether something is wrong there already: an unknown variable, say, whose emptiness is no second mistake. */
function isKnown({ place }: Problem, known: readonly Problem[]): boolean {
  return place !== undefined && "file" in place && known.some((one) => isDeepStrictEqual(one.place, place));
}

/** Gives an issue its place. */
function problemOf(issue: Issue, source: Pick<ConfigSource, "locate">): Problem {
  return {
    place: source.locate(issue.path, issue.atKey === true),
    path: formatPath(issue.path),
    message: issue.message,
  };
}

/** Validates; texts from variables and flags count as numbers or truth values where the schema asks for those. */
function validateText(
  input: unknown,
  source: ConfigSource,
): { data: unknown; result: ReturnType<typeof validate<ParsedConfig>> } {
  const result = validate(configSchema, input);
  if ("data" in result) return { data: input, result };
  let data = input;
  for (const { path, kindMismatch } of result.issues) {
    const value = getIn(input, path);
    if (kindMismatch !== true || typeof value !== "string" || !source.isText(path)) continue;
    const meant = meantByText(value);
    if (meant !== undefined) data = setIn(data, path, meant);
  }
  return data === input ? { data, result } : { data, result: validate(configSchema, data) };
}

function meantByText(text: string): number | boolean | undefined {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}
