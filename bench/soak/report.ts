import { fitLine, type Line } from "../measure/line.ts";
import { isExcused, memoryBound, problemsOf, type Evidence } from "./verdict.ts";

const MIB = 1024 * 1024;

/** What a soak comes to. */
export interface Outcome {
  readonly problems: readonly string[];
  /** Bytes at rest over minutes, from the end of the first minute on. */
  readonly trend: Line | undefined;
  readonly evidence: Evidence;
}

export function outcomeOf(evidence: Evidence): Outcome {
  const trend = fitLine(evidence.rests.map(({ minutes, bytes }) => ({ x: minutes, y: bytes })));
  return { problems: problemsOf(evidence), trend, evidence };
}

/** The summary for people. */
export function outcomeText({ problems, trend, evidence }: Outcome): string {
  const { before, rests, after, clients, disturbances, log } = evidence;
  const readings = [before, ...rests, after].map(({ minutes, bytes, processes, status }) => {
    const open = processes.map(({ descriptors }) => descriptors).join(" + ");
    return `  ${minutes.toFixed(1).padStart(7)} ${(bytes / MIB).toFixed(1).padStart(12)} ${String(status.tunnels).padStart(8)}   ${open}`;
  });
  const slope =
    trend === undefined
      ? "too few minutes for a slope"
      : `${(trend.slope / MIB).toFixed(2)} MiB a minute (R2 ${trend.r2.toFixed(2)})`;
  const bound = rests[0] === undefined ? "" : `; at the end at most ${(memoryBound(rests[0]) / MIB).toFixed(1)} MiB`;
  const events = Object.entries(Object.groupBy(disturbances, ({ what }) => what)).map(
    ([what, all]) => `${what} ${all.length}`,
  );
  const excused = clients.losses.filter((loss) => isExcused(loss, disturbances)).length;
  return [
    "at rest:",
    `  ${"minutes".padStart(7)} ${"memory, MiB".padStart(12)} ${"tunnels".padStart(8)}   descriptors`,
    ...readings,
    `  memory grows by ${slope}${bound}`,
    `clients: ${list(clients.counts)}`,
    `backends: ${events.join(", ")}; ${excused} tunnels were lost to that`,
    `records: ${log.sockets} sockets, ${log.tunnels} of them tunnels, ${log.requests} plain requests`,
    `  errors: ${list(log.errors)}`,
    `  ends: ${list(log.causes)}`,
    ...(problems.length === 0 ? ["all is well"] : ["problems:", ...problems.map((problem) => `  ${problem}`)]),
  ].join("\n");
}

function list(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([what, count]) => `${what} ${count}`).join(", ");
}

/** Everything for programs. */
export function outcomeJson({ problems, trend, evidence }: Outcome, facts: object): string {
  const { log, clients, ...rest } = evidence;
  const { messages: _, ...records } = log;
  const { finished, ...seen } = clients;
  const whole = {
    ...facts,
    problems,
    trend,
    ...rest,
    clients: { ...seen, finished: finished.length },
    log: { ...records },
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}
