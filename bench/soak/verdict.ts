import type { Logbook } from "./logbook.ts";
import type { ClientsReport, Failure, Loss } from "./protocol.ts";
import { isAtRest, type Reading } from "./readings.ts";
import type { Disturbance } from "./weather.ts";

const MIB = 1024 * 1024;
/** What memory at the end may be above that of the first minute's end: a share of it, and a little besides. */
const MEMORY_SHARE_MAX = 0.15;
const MEMORY_BYTES_MAX = 12 * MIB;
/** How long after a disturbance its consequences may come: timeouts, then closing handshakes. In milliseconds. */
const AFTERMATH = 15_000;
/** Clocks are read in different processes. */
const SKEW = 500;
/** Problems of one kind that are told in words. */
const SHOWN_MAX = 5;

/** Everything that a soak has seen. */
export interface Evidence {
  /** Before anything but a few connections. */
  readonly before: Reading;
  /** At the end of each minute, residents open. The first is what memory is compared with. */
  readonly rests: readonly Reading[];
  /** When everything is closed. */
  readonly after: Reading;
  /** Residents that were open at the end of each minute. */
  readonly residents: number;
  readonly clients: ClientsReport;
  readonly disturbances: readonly Disturbance[];
  readonly log: Logbook;
}

/** What did not come back to where it began, or went wrong on the way; empty when all is well. */
export function problemsOf(evidence: Evidence): string[] {
  return [
    ...clientProblems(evidence),
    ...openProblems(evidence),
    ...descriptorProblems(evidence),
    ...memoryProblems(evidence),
    ...counterProblems(evidence),
    ...messageProblems(evidence),
    ...some("unexpected in the log", evidence.log.unexpected),
  ];
}

/** Whether something that was done to the tunnel's backend explains its end. */
export function isExcused({ backend, from, at }: Loss, disturbances: readonly Disturbance[]): boolean {
  return disturbances.some(
    (one) =>
      one.backend === backend &&
      one.what !== "frozen for a moment" &&
      from <= one.to + SKEW &&
      at >= one.from - SKEW &&
      at <= one.to + AFTERMATH,
  );
}

/** Whether anything was done to a backend while a plain request was under way: nobody knows which one had it. */
function isExcusedFailure({ from, at }: Failure, disturbances: readonly Disturbance[]): boolean {
  return disturbances.some(
    (one) => one.what !== "frozen for a moment" && from <= one.to + SKEW && at >= one.from - SKEW,
  );
}

function clientProblems({ clients, disturbances }: Evidence): string[] {
  const losses = clients.losses
    .filter((loss) => !isExcused(loss, disturbances))
    .map(({ how, backend }) => `${how} (by ${backend})`);
  const failures = clients.failures.filter((failure) => !isExcusedFailure(failure, disturbances)).map(({ how }) => how);
  return [
    ...some("wrong", clients.complaints),
    ...some("lost without a reason", losses),
    ...some("a plain request failed without a reason", failures),
  ];
}

function openProblems({ rests, after, residents }: Evidence): string[] {
  const at = (reading: Reading, tunnels: number): string[] => {
    if (isAtRest(reading.status, { tunnels })) return [];
    const { status } = reading;
    const backends = status.pools.flatMap(({ backends: all }) =>
      all.map(({ name, load, open }) => ({ name, load, open })),
    );
    const { tunnels: open, handshakes, requests, connections } = status;
    const seen = JSON.stringify({ tunnels: open, handshakes, requests, connections, backends });
    return [`after ${reading.minutes.toFixed(1)} minutes ${tunnels} tunnels should be open and nothing else: ${seen}`];
  };
  return [...rests.flatMap((reading) => at(reading, residents)), ...at(after, 0)];
}

function descriptorProblems({ before, rests, after }: Evidence): string[] {
  const text = ({ processes }: Reading): string =>
    processes.map(({ pid, descriptors }) => `${pid}: ${descriptors}`).join(", ");
  const found: string[] = [];
  if (text(before) !== text(after)) found.push(`descriptors by process were ${text(before)} and are ${text(after)}`);
  const [first, last] = [rests[0], rests.at(-1)];
  if (first !== undefined && last !== undefined && sumOf(first) !== sumOf(last))
    found.push(`with all residents open descriptors were ${text(first)} and are ${text(last)}`);
  return found;
}

/** Residents may be anywhere: only the sum over all processes is the same. */
function sumOf({ processes }: Reading): number {
  return processes.reduce((sum, { descriptors }) => sum + descriptors, 0);
}

function memoryProblems({ rests, after }: Evidence): string[] {
  const [first] = rests;
  if (first === undefined) return ["nothing was measured"];
  const bound = memoryBound(first);
  if (after.bytes <= bound) return [];
  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
  return [`memory is ${mib(after.bytes)}; it was ${mib(first.bytes)} after the first minute and may be ${mib(bound)}`];
}

/** What memory may be at the end. */
export function memoryBound(first: Pick<Reading, "bytes">): number {
  return first.bytes * (1 + MEMORY_SHARE_MAX) + MEMORY_BYTES_MAX;
}

function counterProblems({ clients: { counts }, log, after }: Evidence): string[] {
  const of = (what: string): number => counts[what] ?? 0;
  const totals = after.status.pools.flatMap(({ backends }) => backends);
  const total = (count: (backend: (typeof totals)[number]) => number): number =>
    totals.reduce((sum, one) => sum + count(one), 0);
  const early = of("left early");
  return [
    ...between("records of sockets", log.sockets, of("handshakes"), early),
    ...between("records of tunnels", log.tunnels, of("tunnels"), early),
    ...between("records of plain requests", log.requests, of("requests"), of("requests that may be broken off")),
    ...between(
      "tunnels in the status",
      total((one) => one.tunnels),
      log.tunnels,
      0,
    ),
    ...between(
      "plain requests in the status",
      total((one) => one.requests),
      log.attempts,
      0,
    ),
  ];
}

/** @param more how many more there may be, since nobody can know whether fairlead has seen them */
function between(what: string, seen: number, least: number, more: number): string[] {
  if (seen >= least && seen <= least + more) return [];
  return [`${what}: ${seen}; there must be ${more === 0 ? least : `${least} to ${least + more}`}`];
}

/** What fairlead has counted of a tunnel is what its client has sent and got. */
function messageProblems({ clients, log }: Evidence): string[] {
  const wrong = clients.finished.flatMap(({ sender, sent, received }) => {
    const seen = log.messages.get(sender);
    if (seen === undefined) return [`tunnel ${sender} has no record`];
    const [client, backend] = seen;
    if (client === sent && backend === received) return [];
    return [`tunnel ${sender} sent ${sent} and got ${received} messages; its record says ${client} and ${backend}`];
  });
  return some("counted wrongly", wrong);
}

function some(what: string, texts: readonly string[]): string[] {
  const shown = texts.slice(0, SHOWN_MAX).map((text) => `${what}: ${text}`);
  return texts.length > SHOWN_MAX ? [...shown, `${what}: ${texts.length - SHOWN_MAX} more`] : shown;
}
