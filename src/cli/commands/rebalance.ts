import { Option } from "commander";
import { z } from "zod";

import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { type MoveView, statusSchema } from "../admin-shapes.ts";
import { defineCommand } from "../command.ts";
import { amountFlag, choiceFlag, durationFlag, shareFlag, switchFlag } from "../flags.ts";
import { cancelMove, runMove } from "../moves.ts";
import { findPool } from "../targets.ts";
import { CANCEL_OPTION, DETACH_OPTION } from "./drain.ts";

/** Moves what backends have more than their share. */
export const rebalanceCommand = defineCommand({
  name: "rebalance",
  summary: "move what backends of a pool have more than their share",
  description:
    "End tunnels of backends that have more than their share, at a pace, so that clients come back to the others; those of routes with rehome get another one and stay.",
  operands: [{ name: "POOL", meaning: "the name of the pool", required: true }],
  options: [
    new Option("--per-minute <NUMBER>", "most tunnels per minute (default: rebalance.perMinute of the pool)"),
    new Option("--min-age <DURATION>", "leave tunnels alone that came to their backend less than this ago"),
    new Option("--tolerance <SHARE>", "leave alone what is above the fair share by no more than this, such as 0.1"),
    new Option("--evens <WHAT>", "method: what the pool's balancing method compares; tunnels: their number"),
    DETACH_OPTION,
    CANCEL_OPTION,
    ...ADMIN_OPTIONS,
  ],
  flags: z.object({
    ...ADMIN_FLAGS,
    perMinute: amountFlag,
    minAge: durationFlag,
    tolerance: shareFlag,
    evens: choiceFlag(["method", "tunnels"]),
    detach: switchFlag,
    cancel: switchFlag,
  }),
  run: ({ operands: [name = ""], flags }, io) =>
    withAdmin(flags, io, async (client) => {
      const { perMinute, minAge, tolerance, evens, json, detach, cancel } = flags;
      const pool = findPool(await client.read(statusSchema, ["status"]), name);
      if (cancel) {
        const fits = (move: MoveView): boolean => move.pool === pool;
        return cancelMove(client, { kind: "rebalance", subject: `pool ${pool}`, fits }, json, io);
      }
      const telling = { json, detach, cancelBy: `fairlead rebalance ${pool} --cancel` };
      return runMove(client, "rebalance", { pool, perMinute, minAge, tolerance, evens }, telling, io);
    }),
});
