import { Option } from "commander";
import { z } from "zod";

import { FairleadError } from "../../base/index.ts";
import type { AdminClient } from "../admin-client.ts";
import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { moveSchema, statusSchema } from "../admin-shapes.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { amountFlag, choiceFlag, countOrOffFlag } from "../flags.ts";
import { describeMove } from "../moves.ts";
import { askForBackend, findPool } from "../targets.ts";
import { POOL_OPTION } from "./drain.ts";

const flagsSchema = z.object({
  ...ADMIN_FLAGS,
  pool: z.string().optional(),
  weight: amountFlag,
  state: choiceFlag(["active", "draining"]),
  maxConnections: countOrOffFlag,
});

type Flags = z.output<typeof flagsSchema>;

/** What was done: the API's answer, and a line about it. */
interface Done {
  readonly answer: unknown;
  readonly line: string;
}

type Action = (client: AdminClient, text: string, flags: Flags) => Promise<Done>;

const ACTIONS: Readonly<Record<string, Action>> = { add, set, remove };

/** Adds, changes or removes a backend at run time. */
export const backendCommand = defineCommand({
  name: "backend",
  summary: "add, set or remove a backend at run time",
  description: "Add a backend to a pool, set what is said of one, or remove it: its tunnels are drained first.",
  operands: [
    { name: "ACTION", meaning: "add, set or remove", required: true },
    { name: "BACKEND", meaning: "a URL to add; else the name or the end of it", required: true },
  ],
  options: [
    POOL_OPTION,
    new Option("--weight <NUMBER>", "its weight; 1 is normal"),
    new Option("--state <STATE>", "active or draining"),
    new Option("--max-connections <NUMBER|off>", "most tunnels and requests at a time"),
    ...ADMIN_OPTIONS,
  ],
  flags: flagsSchema,
  run: ({ operands: [name = "", text = ""], flags }, io) =>
    withAdmin(flags, io, async (client) => {
      const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
      if (action === undefined)
        throw new FairleadError("USAGE", `backend can ${Object.keys(ACTIONS).join(", ")}, not "${name}"`);
      const { answer, line } = await action(client, text, flags);
      io.stdout.write(flags.json ? `${JSON.stringify(answer)}\n` : `${line}\n`);
      return ExitCode.fine;
    }),
});

async function add(client: AdminClient, url: string, flags: Flags): Promise<Done> {
  const pool = findPool(await client.read(statusSchema, ["status"]), flags.pool);
  const body = { url, ...changeOf(flags) };
  return {
    answer: await client.ask(["pools", pool, "backends"], { method: "POST", body }),
    line: `${url} added to pool ${pool}`,
  };
}

async function set(client: AdminClient, text: string, flags: Flags): Promise<Done> {
  const change = changeOf(flags);
  if (Object.values(change).every((value) => value === undefined))
    throw new FairleadError("USAGE", "backend set wants to know what: --weight, --state or --max-connections");
  const { pool, backend } = await askForBackend(client, text, flags.pool);
  const answer = await client.ask(["pools", pool, "backends", backend.name], { method: "PATCH", body: change });
  return { answer, line: `${backend.name} of pool ${pool} changed` };
}

async function remove(client: AdminClient, text: string, flags: Flags): Promise<Done> {
  const { pool, backend } = await askForBackend(client, text, flags.pool);
  const answer = await client.ask(["pools", pool, "backends", backend.name], { method: "DELETE" });
  const move = moveSchema.nullable().safeParse(answer).data ?? undefined;
  const line = `${backend.name} removed from pool ${pool}`;
  return { answer, line: move === undefined ? line : `${line}; ${describeMove(move)}` };
}

function changeOf({ weight, state, maxConnections }: Flags) {
  return { weight, state, maxConnections };
}
