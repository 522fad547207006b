import { type Command, CommanderError } from "commander";
import { z } from "zod";

import { didYouMean } from "../base/index.ts";
import type { Overrides } from "../config/index.ts";
import { type CommandName, COMMANDS, createProgram, serveOptions } from "./program.ts";

/** What a command line asks for. */
export interface Arguments {
  readonly command: CommandName;
  /** The configuration file that was named. */
  readonly file: string | undefined;
  /** What flags and operands say of the configuration. */
  readonly overrides: Overrides;
  /** Mistakes of usage, one line each; the values of flags are not judged here. */
  readonly problems: readonly string[];
}

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
  readonly problems: readonly string[];
}

/** Reads a command line (without node and script): what it asks for, or the text that it wants to see. */
export function parseArguments(argv: readonly string[]): Arguments | { readonly print: string } {
  const parsed = runProgram(argv[0] === "serve" ? argv.slice(1) : argv);
  if ("print" in parsed) return parsed;
  const { operands, problems } = sortRest(parsed.rest, parsed.command);
  const all = [...parsed.problems, ...problems];
  if (parsed.command === "serve") return serveArguments(parsed, operands, all);
  const { command, flags } = parsed;
  for (const name of Object.keys(flags)) all.push(notItsOption(`--${kebab(name)}`, command));
  const allowed = command === "schema" ? 0 : 1;
  for (const operand of operands.slice(allowed)) {
    all.push(`"${operand}": ${command} takes ${allowed === 0 ? "no argument" : "one FILE"}; leave it out`);
  }
  return { command, file: operands[0], overrides: {}, problems: all };
}

function serveArguments({ flags }: Parsed, operands: readonly string[], problems: readonly string[]): Arguments {
  const { config, ...settings } = flags;
  const [first = ""] = operands;
  const meant = /^[a-z]+$/i.test(first) ? didYouMean(first, COMMANDS) : undefined;
  const common = { command: "serve", file: config } as const;
  if (meant === undefined) return { ...common, overrides: { ...settings, backends: operands }, problems };
  // What follows belongs to the command that was meant, so it is no backend.
  const unknown = `"${first}": no such command; did you mean "${meant}"?`;
  return { ...common, overrides: settings, problems: [...problems, unknown] };
}

function runProgram(argv: readonly string[]): Parsed | { readonly print: string } {
  let printed = "";
  let named: { command: CommandName; rest: readonly string[] } = { command: "serve", rest: [] };
  const program = createProgram({
    write: (text) => {
      printed += text;
    },
    named: (command, rest) => {
      named = { command, rest };
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
  const ofServe = serveOptions();
  if (command !== "serve" && ofServe.some(({ long, short }) => name === long || name === short))
    return notItsOption(name, command);
  const known = ["--help", "--version", ...(command === "serve" ? ofServe.map(({ long }) => long ?? "") : [])];
  const meant = didYouMean(name, known);
  return `${name}: no such option; ${meant === undefined ? "see fairlead --help" : `did you mean ${meant}?`}`;
}

function notItsOption(name: string, command: CommandName): string {
  return `${name}: ${command} takes no such option; leave it out`;
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
