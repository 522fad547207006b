import type { CommandSpec } from "../command.ts";
import { checkCommand } from "./check.ts";
import { diffCommand } from "./diff.ts";
import { explainCommand } from "./explain.ts";
import { schemaCommand } from "./schema.ts";
import { serveCommand } from "./serve.ts";

/** Every command, in the order of the help; nothing else lists them. */
export const COMMANDS: readonly CommandSpec[] = [
  serveCommand,
  checkCommand,
  explainCommand,
  diffCommand,
  schemaCommand,
];
