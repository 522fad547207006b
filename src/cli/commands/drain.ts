import { Option } from "commander";
import { z } from "zod";

import type { AdminClient } from "../admin-client.ts";
import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import type { MoveView } from "../admin-shapes.ts";
import { defineCommand } from "../command.ts";
import { amountFlag, durationOrOffFlag, switchFlag } from "../flags.ts";
import type { Io } from "../io.ts";
import { cancelMove, runMove } from "../moves.ts";
import { askForBackend, type Target } from "../targets.ts";

/** The backend of a command. */
export const BACKEND_OPERAND = {
  name: "BACKEND",
  meaning: "its name or the end of it: ws://10.0.0.1:8001, 10.0.0.1:8001 or :8001",
  required: true,
} as const;

/** Says which pool is meant. */
export const POOL_OPTION = new Option("--pool <NAME>", "its pool, where several have such a backend");

/** The end of a move that is begun or followed. */
export const CANCEL_OPTION = new Option("--cancel", "cancel the one that runs, instead of beginning one");
/** Begins a move without following it. */
export const DETACH_OPTION = new Option("--detach", "do not wait for its end");

/** Drains a backend, and follows it until it is empty. */
export const drainCommand = defineCommand({
  name: "drain",
  summary: "move all tunnels away from a backend, at a pace",
  description:
    "Give a backend nothing new, and end its tunnels at a pace, so that clients come back to another one; those of routes with rehome get another one and stay.",
  operands: [BACKEND_OPERAND],
  options: [
    POOL_OPTION,
    new Option("--rate <NUMBER>", "tunnels per second (default: drain.rate of the pool)"),
    new Option("--wait-idle <DURATION|off>", "move only tunnels without data for so long, until the deadline"),
    new Option("--deadline <DURATION|off>", "end at once what is left after this time"),
    DETACH_OPTION,
    CANCEL_OPTION,
    ...ADMIN_OPTIONS,
  ],
  flags: z.object({
    ...ADMIN_FLAGS,
    pool: z.string().optional(),
    rate: amountFlag,
    waitIdle: durationOrOffFlag,
    deadline: durationOrOffFlag,
    detach: switchFlag,
    cancel: switchFlag,
  }),
  run: ({ operands: [text = ""], flags }, io) =>
    withAdmin(flags, io, async (client) => {
      const target = await askForBackend(client, text, flags.pool);
      if (flags.cancel) return cancelDrain(client, target, flags.json, io);
      const { rate, waitIdle, deadline, json, detach } = flags;
      const body = { pool: target.pool, backend: target.backend.name, rate, waitIdle, deadline };
      const among = flags.pool === undefined ? "" : ` --pool ${flags.pool}`;
      return runMove(client, "drain", body, { json, detach, cancelBy: `fairlead drain ${text}${among} --cancel` }, io);
    }),
});

function cancelDrain(client: AdminClient, { pool, backend: { name } }: Target, json: boolean, io: Io): Promise<number> {
  const fits = (move: MoveView): boolean => move.pool === pool && move.backend === name;
  const hint = async (): Promise<string> => {
    const { backend } = await askForBackend(client, name, pool);
    return backend.state === "draining" ? "; it still gets nothing new until fairlead undrain" : "";
  };
  return cancelMove(client, { kind: "drain", subject: name, fits, hint }, json, io);
}
