import { z } from "zod";

import { FairleadError } from "../../base/index.ts";
import type { AdminClient } from "../admin-client.ts";
import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { takeInterrupts } from "../interrupt.ts";
import type { Io } from "../io.ts";
import { REFRESH_INTERVAL, runSession } from "../top/session.ts";

/** Shows a running instance, live. */
export const topCommand = defineCommand({
  name: "top",
  summary: "watch a running instance: backends and tunnels, live",
  description:
    "Watch a running instance, with keys to sort, filter and drain (? lists them); with --json, its status as one line a second.",
  operands: [],
  options: ADMIN_OPTIONS,
  flags: z.object(ADMIN_FLAGS),
  run: ({ flags }, io) =>
    withAdmin(flags, io, async (client) => {
      if (flags.json) return printLines(client, io);
      const { terminal } = io;
      if (terminal === undefined)
        throw new FairleadError("USAGE", "top needs a terminal; without one there is top --json, or fairlead status");
      await runSession(client, terminal, io);
      return ExitCode.fine;
    }),
});

async function printLines(client: AdminClient, io: Io): Promise<number> {
  const interrupt = takeInterrupts(io.signals);
  try {
    while (!interrupt.signal.aborted) {
      io.stdout.write(`${JSON.stringify(await client.ask(["status"]))}\n`);
      await interrupt.sleep(REFRESH_INTERVAL);
    }
    return ExitCode.fine;
  } finally {
    interrupt.release();
  }
}
