import { FairleadError } from "../base/index.ts";

/** A way to a value of the configuration: keys and indices. */
export type Path = readonly (string | number)[];

/** Where a value was written: a place in a file, or the name of a variable or a flag. */
export type Place =
  | { readonly file: string; readonly line: number; readonly column: number }
  | { readonly name: string };

/** A mistake before its place is known. */
export interface Issue {
  readonly path: Path;
  /** What is wrong; what would be right. */
  readonly message: string;
  /** True where the key itself is the mistake, not its value. */
  readonly atKey?: boolean;
  /** True where a value of another kind was expected, such as a number instead of a text. */
  readonly kindMismatch?: boolean;
}

/** One mistake in the configuration. */
export interface Problem {
  /** Undefined for a configuration that was given as a value. */
  readonly place: Place | undefined;
  /** Way to the value, as people write it: `routes[0].match.path`; empty for the whole. */
  readonly path: string;
  /** What is wrong; what would be right. */
  readonly message: string;
}

/** The configuration has mistakes, and these are all of them. */
export class ConfigError extends FairleadError {
  /** In the order in which they stand in the file, or file by file. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = problems.toSorted(byPlace);
    super("CONFIG_INVALID", sorted.map(formatProblem).join("\n"));
    this.name = "ConfigError";
    this.problems = sorted;
  }
}

/** What was asked for at run time has mistakes, and these are all of them. */
export class InputError extends FairleadError {
  readonly problems: readonly Pick<Problem, "path" | "message">[];

  constructor(problems: readonly Pick<Problem, "path" | "message">[]) {
    super(
      "INPUT_INVALID",
      problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("\n"),
    );
    this.name = "InputError";
    this.problems = problems;
  }
}

/** Writes a path as people do: `pools.chat.backends[1].weight`. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** One line: `file:line:column: path: what is wrong; what would be right`. */
export function formatProblem(problem: Problem): string {
  const { place } = problem;
  if (place !== undefined && "name" in place) return `${place.name}: ${problem.message}`;
  const where = place === undefined ? "" : `${place.file}:${place.line}:${place.column}: `;
  return `${where}${problem.path === "" ? "" : `${problem.path}: `}${problem.message}`;
}

function byPlace(a: Problem, b: Problem): number {
  const left = rank(a.place);
  const right = rank(b.place);
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}

/** Names first (they beat the file), then the order of the file. */
function rank(place: Place | undefined): { readonly file: string; readonly line: number; readonly column: number } {
  return place === undefined || "name" in place ? { file: "", line: 0, column: 0 } : place;
}
