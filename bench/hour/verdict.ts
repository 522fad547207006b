import type { EndCause } from "../../src/relay/index.ts";
import type { Status } from "../../src/index.ts";
import { isAtRest } from "../soak/readings.ts";
import { POOL } from "./config-file.ts";
import type { Evidence, StepResult, Window } from "./hour.ts";
import { messageProblem } from "./messages-rule.ts";
import type { BackendSide, ClientSide } from "./protocol.ts";
import type { TunnelRecord } from "./records.ts";

/** Most that a backend's load may differ from its share in the end. */
const IMBALANCE_MAX = 0.05;
/** How long after a step what it has ended may still be told of, in milliseconds: its clients are back, but the other connection may take its time to close. */
const AFTERMATH = 7_000;
/** The same for clients, and what clocks may differ by. */
const SKEW = 250;
/** Problems of one kind that are told in words. */
const SHOWN_MAX = 5;
const RESTART = 1012;
const NORMAL = 1000;

/** What went wrong; empty when nothing did. */
export function problemsOf(evidence: Evidence): string[] {
  const { failures, clients, backends } = evidence;
  return [
    ...some("did not work out", failures),
    ...some("wrong", [...clients.complaints, ...backends.flatMap(({ complaints }) => complaints)]),
    ...some(
      "refused",
      clients.refusals.map(({ how }) => how),
    ),
    ...endProblems(evidence),
    ...tunnelProblems(evidence),
    ...logProblems(evidence),
    ...endStateProblems(evidence),
  ];
}

/** Every end is one that the plan names: by what the clients were told, and by what the records say. */
function endProblems({ windows, clients, records, names }: Evidence): string[] {
  const told = clients.sides.flatMap(({ id, backend, code, ended }) => {
    const fits = (cause: EndCause): boolean => codeOf(cause) === code;
    const named = windows.some((window) => covers(window, backend, ended, SKEW) && window.ends.causes.some(fits));
    return named ? [] : [`tunnel ${id} by ${backend} ended with ${code} at ${clock(ended)}`];
  });
  const recorded = records.tunnels.flatMap(({ id, backend, cause, ended }) => {
    const name = names[backend] ?? backend;
    const named = windows.some(
      (window) => covers(window, name, ended, AFTERMATH) && window.ends.causes.includes(cause),
    );
    return named ? [] : [`tunnel ${id} by ${name} ended for ${cause} at ${clock(ended)}`];
  });
  return [
    ...some("a client's tunnel ended though the plan does not say so", told),
    ...some("the log has an end that the plan does not name", recorded),
  ];
}

function covers({ ends, from, to }: Window, backend: string, at: number, after: number): boolean {
  const isOf = ends.of === "any" || ends.of.some((name) => name === backend);
  return isOf && at >= from - SKEW && at <= to + after;
}

/** What a client is told when its tunnel ends by the plan. */
function codeOf(cause: EndCause): number {
  return cause === "client-close" ? NORMAL : RESTART;
}

/** Each tunnel by itself: its client, its backend and its record have seen the same one. */
function tunnelProblems(evidence: Evidence): string[] {
  const { clients, backends, records, results } = evidence;
  const recordsOf = Map.groupBy(records.tunnels, ({ id }) => id);
  const backendSides = new Map(backends.flatMap(({ sides }) => sides.map((side) => [side.id, side] as const)));
  const problems = clients.sides.flatMap((client) => {
    const [record, ...more] = recordsOf.get(client.id) ?? [];
    if (record === undefined || more.length > 0)
      return [`tunnel ${client.id} has ${more.length} records instead of one`];
    return tunnelProblem(client, record, backendSides.get(client.id), slowestAt(results, client.ended)) ?? [];
  });
  const known = new Set(clients.sides.map(({ id }) => id));
  const unknown = records.tunnels.filter(({ id }) => !known.has(id)).map(({ id }) => `tunnel ${id} had no client`);
  return [
    ...some("tunnel", problems),
    ...some("unknown", unknown),
    ...some("no tunnel came of a handshake", records.others),
  ];
}

/** How long the slowest echo took when a tunnel ended: all have the same machine. */
function slowestAt(results: readonly StepResult[], time: number): number {
  const those = results.filter(({ from, to }) => time >= from - SKEW && time <= to + SKEW);
  return Math.max(0, ...those.map(({ slowest }) => slowest));
}

/** What is wrong with one tunnel; undefined when nothing is. */
export function tunnelProblem(
  client: ClientSide,
  record: TunnelRecord,
  backend: BackendSide | undefined,
  slowest: number,
): string | undefined {
  const due = codeOf(record.cause);
  if (client.code !== due || record.told !== due) {
    const said = `the record says ${record.told ?? "none"}`;
    return `${client.id} should have got ${due} for ${record.cause}; it got ${client.code}, and ${said}`;
  }
  return messageProblem(client, record, backend, slowest);
}

/** Lines above `info` belong to steps, and every process has ended in order. */
function logProblems(evidence: Evidence): string[] {
  const { records, plan, exit, processes } = evidence;
  const expected = plan.steps.flatMap(({ lines }) => lines ?? []);
  const odd = records.lines.filter(
    (line) => !expected.some((pattern) => pattern.test(line)) && !isAboutDown(line, evidence),
  );
  const { stopped } = records;
  return [
    ...some("the log has a line that the plan does not name", odd),
    ...(exit === 0 ? [] : [`the first process of fairlead ended with ${exit}`]),
    ...(stopped === processes ? [] : [`${stopped} of ${processes} processes of fairlead have ended in order`]),
  ];
}

/** Whether a line is about a backend that the plan had taken down just then. */
function isAboutDown(line: string, { results, names }: Evidence): boolean {
  const [, time = ""] = /"time":"([^"]+)"/.exec(line) ?? [];
  const [, url = ""] = /"backend":"([^"]+)"/.exec(line) ?? [];
  const at = Date.parse(time);
  return results.some(({ down, from, to }, index) => {
    const until = results[index + 1]?.to ?? to;
    return down.includes(names[url] ?? "") && at >= from - SKEW && at <= until + SKEW;
  });
}

function endStateProblems({ atEnd, after }: Evidence): string[] {
  const imbalance = imbalanceOf(atEnd);
  const { tunnels, handshakes, requests, connections } = after;
  const open = JSON.stringify({ tunnels, handshakes, requests, connections });
  return [
    ...(imbalance <= IMBALANCE_MAX ? [] : [`a backend is off its share by ${percent(imbalance)}`]),
    ...(isAtRest(after, { tunnels: 0 }) ? [] : [`in the end nothing should be open: ${open}`]),
  ];
}

/** Most that any active backend's load is off its share, as a share of that. */
export function imbalanceOf({ pools }: Status): number {
  const active = pools.find(({ name }) => name === POOL)?.backends.filter(({ state }) => state === "active") ?? [];
  const load = active.reduce((sum, one) => sum + one.load, 0);
  const weight = active.reduce((sum, one) => sum + one.weight, 0);
  return Math.max(
    0,
    ...active.map((one) => {
      const share = (load * one.weight) / weight;
      return Math.abs(one.load - share) / share;
    }),
  );
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function clock(time: number): string {
  return new Date(time).toISOString().slice(11, 23);
}

function some(what: string, texts: readonly string[]): string[] {
  const shown = texts.slice(0, SHOWN_MAX).map((text) => `${what}: ${text}`);
  return texts.length > SHOWN_MAX ? [...shown, `${what}: ${texts.length - SHOWN_MAX} more`] : shown;
}
