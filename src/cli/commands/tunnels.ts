import { Option } from "commander";
import { z } from "zod";

import { FairleadError } from "../../base/index.ts";
import type { AdminClient } from "../admin-client.ts";
import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { endedSchema, tunnelPageSchema, type TunnelView } from "../admin-shapes.ts";
import { defineCommand, kebab } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { choiceFlag, countFlag, durationFlag, switchFlag } from "../flags.ts";
import { counted, grouped, size, span, table } from "../format.ts";
import type { Io } from "../io.ts";
import { askForBackend } from "../targets.ts";

/** Shown when nothing is said. */
const DEFAULT_LIMIT = 50;
/** Most that the API gives at a time. */
const PAGE_LIMIT = 1_000;

const ORDERS = ["age", "idle", "messages", "bytes", "rtt"] as const;

const flagsSchema = z.object({
  ...ADMIN_FLAGS,
  pool: z.string().optional(),
  backend: z.string().optional(),
  route: z.string().optional(),
  client: z.string().optional(),
  minAge: durationFlag,
  minIdle: durationFlag,
  sort: choiceFlag(ORDERS),
  reverse: switchFlag,
  limit: countFlag,
  end: switchFlag,
  yes: switchFlag,
});

type Flags = z.output<typeof flagsSchema>;
type Filter = Readonly<Record<string, string | undefined>>;

/** Lists open tunnels, or ends those that fit. */
export const tunnelsCommand = defineCommand({
  name: "tunnels",
  summary: "list open tunnels, or end those that fit",
  description: "List open tunnels that fit all that is said; with --end, end them with 1012.",
  operands: [],
  options: [
    new Option("--pool <NAME>", "those of a pool"),
    new Option("--backend <BACKEND>", "those of a backend, by its name or the end of it"),
    new Option("--route <NAME>", "those of a route"),
    new Option("--client <ADDRESS>", "those of a client"),
    new Option("--min-age <DURATION>", "those that are older"),
    new Option("--min-idle <DURATION>", "those without data for longer"),
    new Option("--sort <ORDER>", `by ${ORDERS.join(", ")}, the largest first (default: age)`),
    new Option("--reverse", "the smallest first"),
    new Option("--limit <NUMBER>", `most that are shown (default: ${DEFAULT_LIMIT})`),
    new Option("--end", "end them, after a question"),
    new Option("--yes", "without the question"),
    ...ADMIN_OPTIONS,
  ],
  flags: flagsSchema,
  run: ({ flags }, io) =>
    withAdmin(flags, io, async (client) => {
      const filter = await filterOf(client, flags);
      if (flags.end) return endTunnels(client, filter, flags, io);
      const page = await readTunnels(client, filter, flags);
      io.stdout.write(flags.json ? `${JSON.stringify(page, undefined, 2)}\n` : tunnelsText(page));
      return ExitCode.fine;
    }),
});

async function filterOf(client: AdminClient, flags: Flags): Promise<Filter> {
  const { backend, pool, route, client: address, minAge, minIdle } = flags;
  const rest = { route, client: address, minAge, minIdle };
  if (backend === undefined) return { pool, ...rest };
  const target = await askForBackend(client, backend, pool);
  return { pool: target.pool, backend: target.backend.name, ...rest };
}

interface Found {
  readonly total: number;
  readonly tunnels: TunnelView[];
}

async function readTunnels(client: AdminClient, filter: Filter, flags: Flags): Promise<Found> {
  const sort = `${flags.reverse ? "" : "-"}${flags.sort ?? "age"}`;
  const wanted = flags.limit ?? DEFAULT_LIMIT;
  const tunnels: TunnelView[] = [];
  for (let total = Infinity; ;) {
    const limit = Math.min(PAGE_LIMIT, wanted - tunnels.length);
    const query = { ...filter, sort, offset: tunnels.length, limit };
    const page = await client.read(tunnelPageSchema, ["tunnels"], { query });
    tunnels.push(...page.tunnels);
    total = page.total;
    if (tunnels.length >= Math.min(wanted, total) || page.tunnels.length === 0) return { total, tunnels };
  }
}

async function endTunnels(client: AdminClient, filter: Filter, flags: Flags, io: Io): Promise<number> {
  const said = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (said.length === 0)
    throw new FairleadError(
      "USAGE",
      "--end wants to know which: --pool, --backend, --route, --client, --min-age or --min-idle",
    );
  const { total } = await client.read(tunnelPageSchema, ["tunnels"], { query: { ...filter, limit: 1 } });
  const which = said.map(([name, value]) => `${kebab(name)} ${value}`).join(", ");
  if (!flags.yes && total > 0 && !(await confirm(`End ${counted(total, "tunnel")} (${which}) with 1012?`, io))) {
    io.stderr.write("nothing has been ended\n");
    return ExitCode.failed;
  }
  const answer =
    total === 0 ? { ended: 0 } : await client.read(endedSchema, ["tunnels"], { method: "DELETE", query: filter });
  io.stdout.write(flags.json ? `${JSON.stringify(answer)}\n` : `${counted(answer.ended, "tunnel")} ended\n`);
  return ExitCode.fine;
}

async function confirm(question: string, { terminal }: Io): Promise<boolean> {
  if (terminal === undefined)
    throw new FairleadError("USAGE", "--end asks before it ends anything, and there is no terminal to ask; say --yes");
  return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
}

/** What is said of a tunnel in each state. */
const STATES = { open: "", rehoming: "re-homing", ending: "ending" } as const;

function tunnelsText({ total, tunnels }: Found): string {
  const rows = tunnels.map((tunnel) => [
    tunnel.id,
    tunnel.pool,
    tunnel.backend,
    tunnel.client,
    tunnel.path,
    tunnel.route,
    span(tunnel.ageMs),
    span(tunnel.idleMs),
    grouped(tunnel.fromClient.messages + tunnel.fromBackend.messages),
    size(tunnel.fromClient.bytes + tunnel.fromBackend.bytes),
    tunnel.clientRttMs === null ? "-" : `${Math.round(tunnel.clientRttMs)}ms`,
    [STATES[tunnel.state], tunnel.pinned ? "pinned" : "", tunnel.rehomed > 0 ? `re-homed ${tunnel.rehomed}` : ""]
      .filter((word) => word !== "")
      .join(" "),
  ]);
  const columns = [
    ...["id", "pool", "backend", "client", "path", "route"].map((title) => ({ title })),
    ...["age", "idle", "messages", "bytes", "rtt"].map((title) => ({ title, right: true })),
    { title: "" },
  ];
  const more = total > tunnels.length ? `; ${grouped(total - tunnels.length)} more with a larger --limit` : "";
  const lines = tunnels.length === 0 ? [] : table(columns, rows);
  return `${[...lines, `${counted(total, "tunnel")}${more}`].join("\n")}\n`;
}
