import { Option } from "commander";
import { z } from "zod";

import { type Milliseconds, parseDuration } from "../../base/index.ts";
import type { AdminClient } from "../admin-client.ts";
import { AdminError } from "../admin-error.ts";
import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { eventSchema, type EventView } from "../admin-shapes.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { durationFlag } from "../flags.ts";
import { type Interrupt, takeInterrupts } from "../interrupt.ts";
import type { Io } from "../io.ts";

/** Shown of what has happened before, when nothing is said. */
const DEFAULT_PAST_EVENTS = 10;
/** Before an instance that has gone away is asked again. */
const RETRY_DELAY: Milliseconds = 1_000;

/** Prints what happens, until Ctrl-C. */
export const eventsCommand = defineCommand({
  name: "events",
  summary: "print what happens in a running instance, as it happens",
  description: "Print what has happened in a running instance, and what happens, until Ctrl-C.",
  operands: [],
  options: [
    new Option(
      "--since <DURATION>",
      `what has happened in that time as well (default: the last ${DEFAULT_PAST_EVENTS})`,
    ),
    new Option("--no-follow", "only what has happened"),
    ...ADMIN_OPTIONS,
  ],
  flags: z.object({ ...ADMIN_FLAGS, since: durationFlag, follow: z.boolean().prefault(true) }),
  run: ({ flags }, io) =>
    withAdmin(flags, io, async (client) => {
      const tell = (event: EventView): void => {
        io.stdout.write(flags.json ? `${JSON.stringify(event)}\n` : `${eventLine(event)}\n`);
      };
      const past = await client.read(z.array(eventSchema), ["events"]);
      const since = flags.since === undefined ? undefined : Date.now() - (parseDuration(flags.since) ?? 0);
      const shown =
        since === undefined ? past.slice(-DEFAULT_PAST_EVENTS) : past.filter(({ time }) => Date.parse(time) >= since);
      shown.forEach(tell);
      if (flags.follow) await follow(client, past.at(-1)?.id ?? 0, tell, io);
      return ExitCode.fine;
    }),
});

/** One line for people. */
function eventLine({ time, type, message }: EventView): string {
  const date = new Date(time);
  const clock = Number.isNaN(date.getTime()) ? time : date.toTimeString().slice(0, "00:00:00".length);
  return `${clock}  ${type.padEnd("backend-unhealthy".length)}  ${message}`;
}

async function follow(client: AdminClient, from: number, tell: (event: EventView) => void, io: Io): Promise<void> {
  const interrupt = takeInterrupts(io.signals);
  let last = from;
  const take = (data: string): void => {
    const event = eventSchema.parse(JSON.parse(data));
    if (event.id > last) tell(event);
    last = Math.max(last, event.id);
  };
  try {
    while (!interrupt.signal.aborted) {
      try {
        for await (const data of client.listen(["events"], last, interrupt.signal)) take(data);
      } catch (error) {
        if (interrupt.signal.aborted) return;
        if (error instanceof AdminError && error.code !== "ADMIN_UNREACHABLE") throw error;
      }
      last = await reconnect(client, last, interrupt, io);
    }
  } finally {
    interrupt.release();
  }
}

/** Waits until the instance is there again. @returns the last event that is known; another instance counts anew */
async function reconnect(client: AdminClient, last: number, interrupt: Interrupt, io: Io): Promise<number> {
  if (!interrupt.signal.aborted) io.stderr.write(`${client.address} has gone away; waiting for it\n`);
  while (!interrupt.signal.aborted) {
    await interrupt.sleep(RETRY_DELAY);
    try {
      const past = await client.read(z.array(eventSchema), ["events"]);
      return (past.at(-1)?.id ?? 0) < last ? 0 : last;
    } catch (error) {
      if (!(error instanceof AdminError) || error.code !== "ADMIN_UNREACHABLE") throw error;
    }
  }
  return last;
}
