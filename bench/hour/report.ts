import type { Evidence } from "./hour.ts";
import { imbalanceOf, percent, problemsOf } from "./verdict.ts";

const MIB = 1024 * 1024;

/** What an hour comes to. */
export interface Outcome {
  readonly problems: readonly string[];
  readonly evidence: Evidence;
}

export function outcomeOf(evidence: Evidence): Outcome {
  return { problems: problemsOf(evidence), evidence };
}

/** The summary for people. */
export function outcomeText({ problems, evidence }: Outcome): string {
  const { clients, records, results, reloads, atEnd, processes } = evidence;
  const { sides } = clients;
  const sum = (count: (side: (typeof sides)[number]) => number): number =>
    sides.reduce((total, side) => total + count(side), 0);
  const sent = sum((side) => side.sent);
  const echoed = sum((side) => side.echoed);
  const heard = sum((side) => side.heard);
  const causes = countBy(records.tunnels.map(({ cause }) => cause));
  const most = (of: (result: (typeof results)[number]) => number): number => Math.max(...results.map(of));
  const memory = results.map((result) => result.memory / MIB);
  return [
    `clients: ${sent} messages sent, ${echoed} echoed, ${sent - echoed} under way when their tunnel ended; ${heard} heard besides; ${(clients.bytes / MIB).toFixed(0)} MiB`,
    `tunnels: ${sides.length}, ended with ${list(countBy(sides.map(({ code }) => String(code))))}`,
    `  causes: ${list(causes)}`,
    `reloads: ${list(reloads)}; processes of fairlead: ${processes}`,
    `slowest echo ${most((result) => result.slowest)} ms; longest pause of a client ${most((result) => result.pause)} ms`,
    `memory: ${Math.min(...memory).toFixed(0)} to ${Math.max(...memory).toFixed(0)} MiB, ${memory.at(-1)?.toFixed(0) ?? "?"} in the end`,
    `imbalance in the end: ${percent(imbalanceOf(atEnd))}`,
    ...(problems.length === 0 ? ["all is well"] : ["problems:", ...problems.map((problem) => `  ${problem}`)]),
  ].join("\n");
}

function countBy(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

function list(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([what, count]) => `${what} ${count}`).join(", ");
}

/** What programs may want to know: without the single tunnels. */
export function outcomeJson({ problems, evidence }: Outcome, facts: object): string {
  const { results, reloads, windows, processes, atEnd, records } = evidence;
  const causes = countBy(records.tunnels.map(({ cause }) => cause));
  const whole = { ...facts, problems, results, windows, reloads, processes, causes, imbalance: imbalanceOf(atEnd) };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}
