import { type Command, CommanderError } from "commander";
import { z } from "zod";

import { didYouMean } from "../base/index.ts";
import type { Overrides } from "../config/index.ts";
import { type CommandName, COMMANDS, createProgram, diffOptions, OPERANDS, serveOptions } from "./program.ts";

/** What a command line asks for. */
export interface Arguments {
  readonly command: CommandName;
  /** The configuration files that were named: OLD and NEW of `diff`, else one at most. */
  readonly files: readonly string[];
  /** The flags of `diff`. */
  readonly diff: DiffFlags;
  /** What flags and operands say of the configuration. */
  readonly overrides: Overrides;
  /** Mistakes of usage, one line each; the values of flags are not judged here. */
  readonly problems: readonly string[];
}

/** The flags of `diff`. */
export interface DiffFlags {
  /** Prints for programs. */
  readonly json: boolean;
  /** Whether the exit code tells of a difference. */
  readonly exitCode: boolean;
}

const diffFlagsSchema = z.object({ json: z.boolean().prefault(false), exitCode: z.boolean().prefault(false) });

/** What commander makes of the flags of `serve`: texts, as they were given. */
const flagsSchema = z.object({
  listen: z.array(z.string()).optional(),
  config: z.string().optional(),
  balance: z.string().optional(),
  affinity: z.string().optional(),
  workers: z.string().optional(),
  admin: z.string().optional(),
  socketDriver: z.string().optional(),
  drain: z.string().optional(),
  logLevel: z.string().optional(),
  logFormat: z.string().optional(),
});

interface Parsed {
  readonly command: CommandName;
  /** Operands and what no command knows, in their order. */
  readonly rest: readonly string[];
  readonly flags: z.output<typeof flagsSchema>;
  readonly diff: DiffFlags;
  readonly problems: readonly string[];
}

/** Reads a command line (without node and script): what it asks for, or the text that it wants to see. */
export function parseArguments(argv: readonly string[]): Arguments | { readonly print: string } {
  const parsed = runProgram(argv[0] === "serve" ? argv.slice(1) : argv);
  if ("print" in parsed) return parsed;
  const { operands, problems } = sortRest(parsed.rest, parsed.command);
  const all = [...parsed.problems, ...problems];
  const { command, flags, diff } = parsed;
  if (command === "serve") return serveArguments(parsed, operands, all);
  for (const name of Object.keys(flags)) all.push(notItsOption(`--${kebab(name)}`, command));
  all.push(...operandProblems(command, operands));
  return { command, files: operands.slice(0, OPERANDS[command].length), diff, overrides: {}, problems: all };
}

function operandProblems(command: keyof typeof OPERANDS, operands: readonly string[]): string[] {
  const wanted = OPERANDS[command];
  const [first, second] = wanted;
  const takes = first === undefined ? "no argument" : second === undefined ? `one ${first}` : `${first} and ${second}`;
  const tooMany = operands
    .slice(wanted.length)
    .map((operand) => `"${operand}": ${command} takes ${takes}; leave it out`);
  if (command !== "diff" || operands.length >= wanted.length) return tooMany;
  return [`diff takes ${takes}, two configuration files; name both`];
}

function serveArguments({ flags, diff }: Parsed, operands: readonly string[], problems: readonly string[]): Arguments {
  const { config, ...settings } = flags;
  const [first = ""] = operands;
  const meant = /^[a-z]+$/i.test(first) ? didYouMean(first, COMMANDS) : undefined;
  const common = { command: "serve", files: config === undefined ? [] : [config], diff } as const;
  if (meant === undefined) return { ...common, overrides: { ...settings, backends: operands }, problems };
  // What follows belongs to the command that was meant, so it is no backend.
  const unknown = `"${first}": no such command; did you mean "${meant}"?`;
  return { ...common, overrides: settings, problems: [...problems, unknown] };
}

function runProgram(argv: readonly string[]): Parsed | { readonly print: string } {
  let printed = "";
  let named: { command: CommandName; rest: readonly string[]; own: object } = { command: "serve", rest: [], own: {} };
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
  const { command, rest, own } = named;
  return { command, rest, flags: flagsOf(program), diff: diffFlagsSchema.parse(own), problems: [] };
}

/** A flag without its value is always the last word: what is left is judged all the same. */
function withoutLast(argv: readonly string[], error: CommanderError): Parsed | { readonly print: string } {
  const last = argv.at(-1) ?? "";
  const problem = error.code === "commander.optionMissingArgument" ? `${last}: a value must follow` : error.message;
  const parsed = runProgram(argv.slice(0, -1));
  return "print" in parsed ? parsed : { ...parsed, problems: [...parsed.problems, problem] };
}

function flagsOf(program: Command): Parsed["flags"] {
  return flagsSchema.parse(program.opts());
}

/** Tells operands from options that nobody knows, and drops what looks like the value of such an option. */
function sortRest(
  rest: readonly string[],
  command: CommandName,
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
  return { operands: operands[0] === "serve" ? operands.slice(1) : operands, problems };
}

function unknownOption(word: string, command: CommandName): string {
  const name = word.split("=")[0] ?? word;
  const own = command === "serve" ? serveOptions() : command === "diff" ? diffOptions() : [];
  const all = [...serveOptions(), ...diffOptions()];
  if (!own.some(({ long }) => name === long) && all.some(({ long, short }) => name === long || name === short))
    return notItsOption(name, command);
  const known = ["--help", "--version", ...own.map(({ long }) => long ?? "")];
  const meant = didYouMean(name, known);
  return `${name}: no such option; ${meant === undefined ? "see fairlead --help" : `did you mean ${meant}?`}`;
}

function notItsOption(name: string, command: CommandName): string {
  return `${name}: ${command} takes no such option; leave it out`;
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
