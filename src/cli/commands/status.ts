import { z } from "zod";

import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { type StatusView, statusSchema } from "../admin-shapes.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { counted, grouped, share, span, table } from "../format.ts";

type PoolView = StatusView["pools"][number];

/** Prints what an instance holds and counts. */
export const statusCommand = defineCommand({
  name: "status",
  summary: "print what a running instance holds: pools, backends, tunnels",
  description: "Print what a running instance holds and counts at this moment.",
  operands: [],
  options: ADMIN_OPTIONS,
  flags: z.object(ADMIN_FLAGS),
  run: ({ flags }, io) =>
    withAdmin(flags, io, async (client) => {
      const answer = flags.json ? await client.ask(["status"]) : await client.read(statusSchema, ["status"]);
      io.stdout.write(
        flags.json ? `${JSON.stringify(answer, undefined, 2)}\n` : statusText(statusSchema.parse(answer), Date.now()),
      );
      return ExitCode.fine;
    }),
});

/**
 * Writes a status for people.
 *
 * @param now milliseconds since the epoch
 */
function statusText(status: StatusView, now: number): string {
  const most = status.maxTunnels === null ? "" : ` (of ${grouped(status.maxTunnels)})`;
  const lines = [
    `fairlead ${status.version}, ${status.state}, up ${span(now - Date.parse(status.started))}, ${counted(status.workers.length, "worker")}`,
    `listening on ${status.listeners.map(({ url }) => url).join(", ") || "nothing"}`,
    `${counted(status.tunnels, "tunnel")}${most}, ${counted(status.handshakes, "handshake")}, ${counted(status.requests, "request")}, ${counted(status.connections, "connection")}`,
  ];
  if (status.refusedTunnels + status.refusedConnections > 0)
    lines.push(
      `refused for want of room so far: ${counted(status.refusedTunnels, "tunnel")}, ${counted(status.refusedConnections, "connection")}`,
    );
  return `${[...lines, ...status.pools.flatMap(poolLines)].join("\n")}\n`;
}

function poolLines({ name, balance, affinity, panic, backends }: PoolView): string[] {
  const open = backends.reduce((sum, backend) => sum + backend.open, 0);
  const rows = backends.map((backend) => [
    backend.name,
    backend.state,
    backend.health,
    String(backend.weight),
    grouped(backend.open),
    share(backend.open, open),
    grouped(backend.tunnels),
    grouped(backend.failures),
    backend.health === "healthy" ? "" : backend.reason,
  ]);
  const columns = [
    { title: "backend" },
    { title: "state" },
    { title: "health" },
    { title: "weight", right: true },
    { title: "tunnels", right: true },
    { title: "share", right: true },
    { title: "opened", right: true },
    { title: "failures", right: true },
    { title: "" },
  ];
  const alarm = panic ? "; so few backends are well that all are tried" : "";
  return [
    "",
    `pool ${name}: ${balance}, affinity ${affinity}${alarm}`,
    ...table(columns, rows).map((line) => `  ${line}`),
  ];
}
