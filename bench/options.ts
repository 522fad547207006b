import { didYouMean } from "../src/base/index.ts";

/** What the command line asked for. */
export interface Options {
  readonly quick: boolean;
  readonly help: boolean;
  /** Undefined: all that the plan has. */
  readonly scenarios: readonly string[] | undefined;
  readonly proxies: readonly string[] | undefined;
  readonly rounds: number | undefined;
  readonly out: string | undefined;
  /** Results of earlier runs that are put together; then nothing is measured. */
  readonly merge: readonly string[] | undefined;
}

/** Names that may be asked for. */
export interface Names {
  readonly scenarios: readonly string[];
  readonly proxies: readonly string[];
}

const FLAGS = ["--quick", "--help", "--scenario", "--proxy", "--rounds", "--out", "--merge"];
const ROUNDS_MAX = 1000;

/**
 * Reads the command line. `--scenario` and `--proxy` take one name or more, and may be repeated.
 *
 * @returns the options and everything that is wrong, each problem a line
 */
export function readOptions(args: readonly string[], names: Names): { options: Options; problems: string[] } {
  const problems: string[] = [];
  const values = new Map<string, string[]>();
  let flag: string | undefined;
  for (const arg of args.flatMap(splitAssignment)) {
    if (arg.startsWith("-")) {
      flag = arg === "-h" ? "--help" : arg;
      if (!FLAGS.includes(flag)) problems.push(`unknown option ${arg}${hint(arg, FLAGS)}`);
      values.set(flag, values.get(flag) ?? []);
    } else if (flag === undefined) problems.push(`unexpected argument "${arg}"; names follow --scenario or --proxy`);
    else values.get(flag)?.push(arg);
  }
  for (const plain of ["--quick", "--help"]) {
    for (const value of values.get(plain) ?? []) problems.push(`${plain} takes no value, not "${value}"`);
  }
  const options = {
    quick: values.has("--quick"),
    help: values.has("--help"),
    scenarios: namesOf("--scenario", "scenario", values, names.scenarios, problems),
    proxies: namesOf("--proxy", "proxy", values, names.proxies, problems),
    rounds: roundsOf(values.get("--rounds"), problems),
    out: single("--out", values.get("--out"), problems),
    merge: values.get("--merge"),
  };
  if (options.merge?.length === 0) problems.push("--merge needs the results of one run or more");
  return { options, problems };
}

/** `--flag=value` is `--flag value`. */
function splitAssignment(arg: string): string[] {
  const at = arg.indexOf("=");
  return arg.startsWith("--") && at > 0 ? [arg.slice(0, at), arg.slice(at + 1)] : [arg];
}

function hint(word: string, known: readonly string[]): string {
  const meant = didYouMean(word, known);
  return meant === undefined ? `; there are ${known.join(", ")}` : `; did you mean ${meant}?`;
}

function namesOf(
  flag: string,
  what: string,
  values: ReadonlyMap<string, readonly string[]>,
  known: readonly string[],
  problems: string[],
): string[] | undefined {
  const names = values
    .get(flag)
    ?.flatMap((value) => value.split(","))
    .filter((name) => name !== "");
  if (names === undefined) return undefined;
  if (names.length === 0) problems.push(`${flag} needs a name; there are ${known.join(", ")}`);
  for (const name of names) if (!known.includes(name)) problems.push(`unknown ${what} "${name}"${hint(name, known)}`);
  return names;
}

function single(flag: string, values: readonly string[] | undefined, problems: string[]): string | undefined {
  if (values === undefined) return undefined;
  if (values.length !== 1) problems.push(`${flag} needs exactly one value`);
  return values[0];
}

function roundsOf(values: readonly string[] | undefined, problems: string[]): number | undefined {
  const text = single("--rounds", values, problems);
  if (text === undefined) return undefined;
  const rounds = /^\d+$/.test(text) ? Number(text) : 0;
  if (rounds < 1 || rounds > ROUNDS_MAX)
    problems.push(`--rounds is "${text}"; a number from 1 to ${ROUNDS_MAX} is needed`);
  return rounds;
}

/** The text of `--help`. */
export function helpText(names: Names): string {
  return `usage: npm run bench -- [options]

Runs fairlead beside other proxies on this machine, and writes what was measured.

  --quick               fewer scenarios and contestants, three short rounds; within five minutes
  --scenario NAME...    only these: ${names.scenarios.join(", ")}
  --proxy NAME...       only these contestants or families: ${names.proxies.join(", ")}
  --rounds N            turns of every contestant in every scenario (5; with --quick 3)
  --out FOLDER          where results go (bench/results)
  --merge RESULTS...    measures nothing, and puts together what earlier runs have written, each with other scenarios
  --help                this text

Exit code: 0 measured, 1 something failed, 2 wrong usage, 130 stopped.
`;
}
