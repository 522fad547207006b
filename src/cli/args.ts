import { type Command, CommanderError } from "commander";

import { didYouMean } from "../base/index.ts";
import { type Accepted, type CommandSpec, kebab } from "./command.ts";
import { serveCommand } from "./commands/serve.ts";
import { COMMANDS } from "./commands/table.ts";
import { createProgram } from "./program.ts";

type Flags = Readonly<Record<string, unknown>>;

interface Parsed {
  readonly command: CommandSpec;
  /** Operands and what no command knows, in their order. */
  readonly rest: readonly string[];
  /** What stands before the command, and for `serve` everything. */
  readonly flags: Flags;
  /** What stands behind the command. */
  readonly own: Flags;
  readonly problems: readonly string[];
}

/**
 * Reads a command line (without node and script): the command with what it was given and every mistake of usage, or the
 * text that it wants to see.
 */
export function parseArguments(argv: readonly string[]): Accepted | { readonly print: string } {
  const parsed = runProgram(argv[0] === serveCommand.name ? argv.slice(1) : argv);
  if ("print" in parsed) return parsed;
  const { command } = parsed;
  const { operands, problems } = sortRest(parsed.rest, command);
  const { flags, strangers } = ownFlags(parsed);
  const meant = command === serveCommand ? commandMeant(operands) : undefined;
  const misspelt = meant === undefined ? [] : [`"${operands[0]}": no such command; did you mean "${meant}"?`];
  const excess = command === serveCommand ? [] : operandProblems(command, operands);
  // What follows a misspelt command belongs to the command that was meant, so it is no backend.
  const kept = meant === undefined ? takenOperands(command, operands) : [];
  const accepted = command.accept(kept, flags);
  const all = [...parsed.problems, ...problems, ...strangers, ...misspelt, ...excess, ...accepted.problems];
  return { ...accepted, problems: all };
}

/** Flags in front of the command are its own where it has them; others of `serve` are mistakes. */
function ownFlags({ command, flags, own }: Parsed): { readonly flags: Flags; readonly strangers: readonly string[] } {
  const known = (name: string): boolean => command.options.some((option) => option.attributeName() === name);
  const names = Object.keys(flags);
  const strangers = names.filter((name) => !known(name)).map((name) => notItsOption(`--${kebab(name)}`, command));
  const before = Object.fromEntries(Object.entries(flags).filter(([name]) => known(name)));
  return { flags: { ...before, ...own }, strangers };
}

function commandMeant([first = ""]: readonly string[]): string | undefined {
  if (!/^[a-z]+$/i.test(first)) return undefined;
  return didYouMean(
    first,
    COMMANDS.map(({ name }) => name),
  );
}

function takenOperands({ operands: wanted }: CommandSpec, operands: readonly string[]): readonly string[] {
  return wanted.some(({ many }) => many) ? operands : operands.slice(0, wanted.length);
}

function operandProblems({ name, operands: wanted, operandsAre }: CommandSpec, operands: readonly string[]): string[] {
  const names = wanted.map((operand) => operand.name);
  const [only] = names;
  const takes = only === undefined ? "no argument" : names.length === 1 ? `one ${only}` : names.join(" and ");
  const required = wanted.filter((operand) => operand.required).length;
  if (operands.length >= required)
    return operands.slice(wanted.length).map((operand) => `"${operand}": ${name} takes ${takes}; leave it out`);
  const hint = operandsAre === undefined ? "" : `, ${operandsAre}`;
  return [`${name} takes ${takes}${hint}; name ${required === 1 ? "it" : "both"}`];
}

function runProgram(argv: readonly string[]): Parsed | { readonly print: string } {
  let printed = "";
  let named: Pick<Parsed, "command" | "rest" | "own"> = { command: serveCommand, rest: [], own: {} };
  const program = createProgram({
    write: (text) => {
      printed += text;
    },
    named: (command, rest, own) => {
      named = { command, rest, own };
    },
  });
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: printed };
    return withoutLast(argv, error);
  }
  return { ...named, flags: flagsOf(program), problems: [] };
}

/** A flag without its value is always the last word: what is left is judged all the same. */
function withoutLast(argv: readonly string[], error: CommanderError): Parsed | { readonly print: string } {
  const last = argv.at(-1) ?? "";
  const problem = error.code === "commander.optionMissingArgument" ? `${last}: a value must follow` : error.message;
  const parsed = runProgram(argv.slice(0, -1));
  return "print" in parsed ? parsed : { ...parsed, problems: [...parsed.problems, problem] };
}

function flagsOf(program: Command): Flags {
  return program.opts();
}

/** Tells operands from options that nobody knows, and drops what looks like the value of such an option. */
function sortRest(
  rest: readonly string[],
  command: CommandSpec,
): { readonly operands: readonly string[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const operands: string[] = [];
  let afterUnknown = false;
  for (const word of rest) {
    const isOption = word.startsWith("-") && word !== "-" && word !== "--";
    if (isOption) problems.push(unknownOption(word, command));
    else if (word !== "--" && !(afterUnknown && !word.includes("://"))) operands.push(word);
    afterUnknown = isOption && !word.includes("=");
  }
  return { operands: operands[0] === serveCommand.name ? operands.slice(1) : operands, problems };
}

function unknownOption(word: string, command: CommandSpec): string {
  const name = word.split("=")[0] ?? word;
  const known = ["--help", "--version", ...command.options.map(({ long }) => long ?? "")];
  const others = COMMANDS.flatMap(({ options }) => options);
  if (!known.includes(name) && others.some(({ long, short }) => name === long || name === short))
    return notItsOption(name, command);
  const meant = didYouMean(name, known);
  return `${name}: no such option; ${meant === undefined ? "see fairlead --help" : `did you mean ${meant}?`}`;
}

function notItsOption(name: string, command: CommandSpec): string {
  return `${name}: ${command.name} takes no such option; leave it out`;
}
