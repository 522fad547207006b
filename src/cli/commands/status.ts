import { z } from "zod";

import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { type BackendView, type StatusView, statusSchema } from "../admin-shapes.ts";
import { backendNote } from "../backend-note.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { type Column, counted, grouped, rate, share, size, span, table } from "../format.ts";

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
  return `${[...lines, ...status.pools.flatMap((pool) => poolLines(pool, now))].join("\n")}\n`;
}

function some(count: number, what: string): string {
  return count === 0 ? "" : `, ${grouped(count)} ${what}`;
}

function poolLines(pool: PoolView, now: number): string[] {
  const { name, balance, affinity, panic, panicking, queued, rehoming, backends } = pool;
  const open = backends.reduce((sum, backend) => sum + backend.open, 0);
  const measures = MEASURES.filter(({ read }) => backends.some((backend) => read(backend) !== undefined));
  const rows = backends.map((backend) => [
    backend.name,
    backend.state,
    backend.health,
    String(backend.weight),
    grouped(backend.open),
    share(backend.open, open),
    grouped(backend.tunnels),
    grouped(backend.failures),
    backend.flow === null ? "-" : rate(backend.flow.messages.fromClient + backend.flow.messages.fromBackend),
    backend.flow === null ? "-" : size(backend.flow.bytes.fromClient + backend.flow.bytes.fromBackend),
    ...measures.map(({ read }) => read(backend) ?? "-"),
    backendNote(backend, now),
  ]);
  const columns = [
    ...["backend", "state", "health"].map((title) => ({ title })),
    ...["weight", "tunnels", "share", "opened", "failures", "messages/s", "bytes/s"].map(right),
    ...measures.map(({ title }) => right(title)),
    { title: "" },
  ];
  const since = panicking === null ? "" : ` (${panicking.reason}, for ${span(now - Date.parse(panicking.since))})`;
  const alarm = panic ? `; so few backends are well that all are tried${since}` : "";
  return [
    "",
    `pool ${name}: ${balance}, affinity ${affinity}${some(queued, "queued")}${some(rehoming, "re-homing")}${alarm}`,
    ...table(columns, rows).map((line) => `  ${line}`),
  ];
}

/** What balancing methods go by, shown where the method of the pool does. */
const MEASURES: readonly { readonly title: string; read(backend: BackendView): string | undefined }[] = [
  { title: "activity", read: ({ measured }) => textOf(measured?.activity, rate) },
  { title: "handshake", read: ({ measured }) => textOf(measured?.handshakeMs, milliseconds) },
  { title: "round trip", read: ({ measured }) => textOf(measured?.roundTripMs, milliseconds) },
  { title: "says", read: ({ measured }) => textOf(measured?.reported?.load, (load) => share(load, 1)) },
];

function textOf(value: number | null | undefined, write: (value: number) => string): string | undefined {
  return value === null || value === undefined ? undefined : write(value);
}

const milliseconds = (time: number): string => `${time < 10 ? time.toFixed(1) : grouped(time)}ms`;
const right = (title: string): Column => ({ title, right: true });
