import type { CommandSpec } from "../command.ts";
import { backendCommand } from "./backend.ts";
import { checkCommand } from "./check.ts";
import { diffCommand } from "./diff.ts";
import { drainCommand } from "./drain.ts";
import { eventsCommand } from "./events.ts";
import { explainCommand } from "./explain.ts";
import { rebalanceCommand } from "./rebalance.ts";
import { reloadCommand } from "./reload.ts";
import { schemaCommand } from "./schema.ts";
import { serveCommand } from "./serve.ts";
import { statusCommand } from "./status.ts";
import { topCommand } from "./top.ts";
import { tunnelsCommand } from "./tunnels.ts";
import { undrainCommand } from "./undrain.ts";

/** Every command, in the order of the help; nothing else lists them. */
export const COMMANDS: readonly CommandSpec[] = [
  serveCommand,
  checkCommand,
  explainCommand,
  diffCommand,
  schemaCommand,
  statusCommand,
  topCommand,
  tunnelsCommand,
  drainCommand,
  undrainCommand,
  rebalanceCommand,
  backendCommand,
  reloadCommand,
  eventsCommand,
];
