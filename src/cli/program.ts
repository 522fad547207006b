import { Argument, Command } from "commander";

import { version } from "../supervisor/index.ts";
import type { CommandSpec, Operand } from "./command.ts";
import { serveCommand } from "./commands/serve.ts";
import { COMMANDS } from "./commands/table.ts";

const SUMMARY_COLUMN = 24;

const EXAMPLES = `
Examples:
  fairlead                                          three demo backends of its own on port 8080
  fairlead ws://127.0.0.1:8000 ws://127.0.0.1:8001  balance these
  fairlead --config fairlead.yaml --listen :9000    a file, with one flag that beats it
  fairlead check fairlead.yaml                      is this file right?
  fairlead diff fairlead.yaml new.yaml              what would it change?
  fairlead top                                      watch a running instance
  fairlead drain :8001 --wait-idle 30s              take a backend out of service, gently

Every flag of serve but --config has an environment variable (FAIRLEAD_LISTEN for --listen), and what both leave unsaid
comes from the file: --config, else fairlead.yaml, .yml or .json in this folder, in ~/.config/fairlead or in
/etc/fairlead. Exit codes: 0 fine, 1 failed to start or while running, or a difference found with --exit-code, 2 wrong
usage or configuration, 3 a drain deadline was hit, 130 no longer waited for.`;

/** Where commander writes, and who learns which command was named with which operands and flags of its own. */
export interface ProgramHooks {
  readonly write: (text: string) => void;
  readonly named: (command: CommandSpec, operands: readonly string[], own: Readonly<Record<string, unknown>>) => void;
}

/**
 * The grammar of the command line. It collects what it does not know instead of failing at the first of it, and leaves
 * operands and the values of flags to the commands.
 */
export function createProgram({ write, named }: ProgramHooks): Command {
  const program = new Command("fairlead")
    .description(serveCommand.description)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined })
    .enablePositionalOptions()
    .allowUnknownOption()
    .allowExcessArguments()
    .helpCommand(false)
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .usage(`[serve] ${operandUsage(serveCommand)} [options]\n       fairlead COMMAND [options]`)
    .configureHelp({ visibleCommands: () => [] })
    .addHelpText("after", `\nCommands:\n${commandList()}\n${EXAMPLES}`)
    .action(() => named(serveCommand, program.args, {}));
  addParts(program, serveCommand);
  for (const spec of COMMANDS) {
    if (spec !== serveCommand) addCommand(program, spec, named);
  }
  return program;
}

function addCommand(program: Command, spec: CommandSpec, named: ProgramHooks["named"]): void {
  const command = program
    .command(spec.name)
    .description(spec.description)
    .usage([operandUsage(spec), "[options]"].filter((part) => part !== "").join(" "))
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption("-h, --help", "print this help")
    .action(() => named(spec, command.args, command.opts()));
  addParts(command, spec);
}

/** Operands are optional for commander, which would tell of the first that is missing only. */
function addParts(command: Command, { operands, options }: CommandSpec): void {
  for (const { name, meaning, many } of operands)
    command.addArgument(new Argument(`[${name}${many === true ? "..." : ""}]`, meaning));
  for (const option of options) command.addOption(option);
}

function commandList(): string {
  return COMMANDS.map((spec) => {
    const head = [spec.name, operandUsage(spec)].filter((part) => part !== "").join(" ");
    return `  ${(spec === serveCommand ? spec.name : head).padEnd(SUMMARY_COLUMN)}  ${spec.summary}`;
  }).join("\n");
}

function operandUsage({ operands }: CommandSpec): string {
  return operands.map(operandForm).join(" ");
}

function operandForm({ name, required, many }: Operand): string {
  const form = many === true ? `${name}...` : name;
  return required === true ? form : `[${form}]`;
}
