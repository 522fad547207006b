import { z } from "zod";

import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { cancelMoves } from "../moves.ts";
import { askForBackend } from "../targets.ts";
import { BACKEND_OPERAND, POOL_OPTION } from "./drain.ts";

/** Gives a backend new tunnels again. */
export const undrainCommand = defineCommand({
  name: "undrain",
  summary: "give a drained backend new tunnels again",
  description: "Cancel the drain of a backend if one runs, and give it new tunnels again.",
  operands: [BACKEND_OPERAND],
  options: [POOL_OPTION, ...ADMIN_OPTIONS],
  flags: z.object({ ...ADMIN_FLAGS, pool: z.string().optional() }),
  run: ({ operands: [text = ""], flags }, io) =>
    withAdmin(flags, io, async (client) => {
      const { pool, backend } = await askForBackend(client, text, flags.pool);
      // The drain first: else it would go on with what comes.
      await cancelMoves(client, "drain", (move) => move.pool === pool && move.backend === backend.name);
      const path = ["pools", pool, "backends", backend.name];
      const answer = await client.ask(path, { method: "PATCH", body: { state: "active" } });
      const outcome = backend.state === "active" ? "was active already" : "is active again";
      io.stdout.write(flags.json ? `${JSON.stringify(answer)}\n` : `${backend.name} of pool ${pool} ${outcome}\n`);
      return ExitCode.fine;
    }),
});
