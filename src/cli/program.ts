import { Command, Option } from "commander";

import { version } from "../supervisor/index.ts";

/** The commands besides `serve`, which is what happens when none is named. */
export const COMMANDS = ["serve", "check", "explain", "diff", "schema"] as const;

export type CommandName = (typeof COMMANDS)[number];

/** The files that a command takes. */
export const OPERANDS = {
  check: ["FILE"],
  explain: ["FILE"],
  diff: ["OLD", "NEW"],
  schema: [],
} as const satisfies Readonly<Record<Exclude<CommandName, "serve">, readonly string[]>>;

const EXAMPLES = `
Commands:
  serve           balance (the default when no command is named)
  check [FILE]    report every mistake of a configuration, and warnings
  explain [FILE]  print the effective configuration with every default
  diff OLD NEW    print what a reload from one configuration to the other does
  schema          print the JSON Schema of configurations, for editors

Examples:
  fairlead                                          three demo backends of its own on port 8080
  fairlead ws://127.0.0.1:8000 ws://127.0.0.1:8001  balance these
  fairlead --config fairlead.yaml --listen :9000    a file, with one flag that beats it
  fairlead check fairlead.yaml                      is this file right?
  fairlead diff fairlead.yaml new.yaml              what would it change?

Every flag but --config and --version has an environment variable (FAIRLEAD_LISTEN for --listen), and what both leave
unsaid comes from the file: --config, else fairlead.yaml, .yml or .json in this folder, in ~/.config/fairlead or in
/etc/fairlead. Exit codes: 0 fine, 1 failed to start or while running, or a difference found with --exit-code, 2 wrong
usage or configuration, 3 a drain deadline was hit.`;

/** Where commander writes, and who learns which command was named with which operands and flags of its own. */
export interface ProgramHooks {
  readonly write: (text: string) => void;
  readonly named: (command: CommandName, operands: readonly string[], own: object) => void;
}

/**
 * The grammar of the command line. It collects what it does not know instead of failing at the first of it, and leaves
 * the values of flags to the configuration, which judges them wherever they come from.
 */
export function createProgram({ write, named }: ProgramHooks): Command {
  const program = new Command("fairlead")
    .description("A load balancer for WebSockets and the HTTP around them.")
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined })
    .enablePositionalOptions()
    .allowUnknownOption()
    .allowExcessArguments()
    .helpCommand(false)
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .usage(
      "[serve] [BACKEND_URL...] [options]\n       fairlead check|explain [FILE]\n       fairlead diff OLD NEW [--json] [--exit-code]\n       fairlead schema",
    )
    .argument("[BACKEND_URL...]", "backends of the default pool: ws://, wss://, http:// or https://, host and port")
    .configureHelp({ visibleCommands: () => [] })
    .addHelpText("after", EXAMPLES)
    .action(() => named("serve", program.args, {}));
  for (const option of serveOptions()) program.addOption(option);
  addCommand(program, "check", "Report every mistake of a configuration at once, and warnings.", named);
  addCommand(program, "explain", "Print the effective configuration with every default, as YAML.", named);
  addCommand(program, "diff", "Print what a reload from one configuration to the other does.", named);
  addCommand(program, "schema", "Print the JSON Schema of configurations, for editors.", named);
  return program;
}

/** The flags of `serve`. */
export function serveOptions(): Option[] {
  const listen = new Option("--listen <HOST:PORT>", "where clients connect; repeatable (default: 0.0.0.0:8080)");
  return [
    listen.argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]),
    new Option("-c, --config <FILE>", "configuration file, YAML or JSON"),
    new Option("--balance <NAME>", "how the default pool chooses (default: least-connections)"),
    new Option("--affinity <NAME>", "how clients stay with a backend of the default pool (default: none)"),
    new Option("--workers <N|auto>", "worker processes (default: auto, one for each core)"),
    new Option("--admin <HOST:PORT|off>", "where the admin API listens (default: 127.0.0.1:8081)"),
    new Option("--socket-driver <NAME>", "auto, stream or handle (default: auto)"),
    new Option("--drain <DURATION>", "time over which a shutdown ends open tunnels (default: 10s)"),
    new Option("--log-level <LEVEL>", "debug, info, warn, error or silent (default: info)"),
    new Option("--log-format <FORMAT>", "pretty or json (default: pretty on a terminal, json otherwise)"),
  ];
}

/** The flags of `diff`. */
export function diffOptions(): Option[] {
  return [
    new Option("--json", "print it for programs"),
    new Option("--exit-code", "exit with 1 when the two differ, with 0 when they do not"),
  ];
}

function addCommand(
  program: Command,
  name: keyof typeof OPERANDS,
  meaning: string,
  named: ProgramHooks["named"],
): void {
  const command = program
    .command(name)
    .description(meaning)
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption("-h, --help", "print this help")
    .action(() => named(name, command.args, command.opts()));
  if (name === "diff") {
    // Optional for commander alone, which would tell of the first that is missing only.
    command.usage("OLD NEW [options]").argument("[OLD]", "a configuration file").argument("[NEW]", "another");
    for (const option of diffOptions()) command.addOption(option);
  } else if (name !== "schema") {
    command.argument("[FILE]", "the file; by default the one that would be found");
  }
}
