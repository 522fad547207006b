import { median } from "../measure/statistics.ts";
import type { Course, Moment } from "./measurement.ts";
import type { Scenario } from "./scenario.ts";

const SECOND_MS = 1000;

/** One method in one scenario: what its runs, one for each seed, come to. */
export interface Outcome {
  readonly method: string;
  /** Means over all seconds: the greatest, where the mean of all backends is 1. */
  readonly tunnels: number;
  readonly messages: number;
  /** Messages in the worst second of all. */
  readonly worst: number;
  /** What 99 of 100 messages waited at most in the middle one of the runs, in milliseconds. */
  readonly wait: number;
  /** Tunnels moved in a run, in the mean; and the most that one of them was. */
  readonly moved: number;
  readonly movedMost: number;
}

/** Sums up the runs of one method. */
export function outcomeOf(method: string, courses: readonly Course[]): Outcome {
  const moments = courses.flatMap((course) => course.moments);
  return {
    method,
    tunnels: mean(moments.map(({ tunnels }) => tunnels)),
    messages: mean(moments.map(({ messages }) => messages)),
    worst: moments.reduce((worst: number, { messages }: Moment) => Math.max(worst, messages), 1),
    wait: median(courses.map(({ wait }) => wait)),
    moved: mean(courses.map(({ moved }) => moved)),
    movedMost: Math.max(...courses.map(({ movedMost }) => movedMost)),
  };
}

/** One scenario, in Markdown. */
export function scenarioText({ name, about }: Scenario, outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ method, tunnels, messages, worst, wait }) => [
    `\`${method}\``,
    ratio(tunnels),
    ratio(messages),
    ratio(worst),
    waitText(wait),
  ]);
  const head = ["method", "tunnels, max/mean", "messages, max/mean", "in the worst second", "wait, p99"];
  return `## ${name}\n\n${about}\n\n${table(head, rows)}`;
}

/** One scenario in which a pool is rebalanced, in Markdown. */
export function rebalanceText({ name, about }: Scenario, outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ method, tunnels, messages, wait, moved, movedMost }) => [
    `\`${method}\``,
    ratio(tunnels),
    ratio(messages),
    waitText(wait),
    moved.toFixed(0),
    movedMost.toFixed(0),
  ]);
  const head = ["evens", "tunnels, max/mean", "messages, max/mean", "wait, p99", "tunnels moved", "one of them, most"];
  return `## ${name}\n\n${about}\n\n${table(head, rows)}`;
}

/** What came of one scenario. */
export interface Result {
  readonly scenario: Scenario;
  readonly outcomes: readonly Outcome[];
}

/** Everything in one table: for each method and scenario messages, max/mean, and the wait; with `evens` what was moved, too. */
export function summaryText(results: readonly Result[], head: "method" | "evens" = "method"): string {
  const methods = results[0]?.outcomes.map(({ method }) => method) ?? [];
  const rows = methods.map((method) => [
    `\`${method}\``,
    ...results.map(({ outcomes }) => {
      const outcome = outcomes.find((one) => one.method === method);
      return outcome === undefined ? "-" : cellOf(outcome, head);
    }),
  ]);
  return table([head, ...results.map(({ scenario }) => scenario.name)], rows);
}

function cellOf({ messages, wait, moved }: Outcome, head: "method" | "evens"): string {
  const text = `${ratio(messages)}, ${waitText(wait)}`;
  return head === "method" ? text : `${text}, ${moved.toFixed(0)} moved`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function ratio(value: number): string {
  return value.toFixed(2);
}

function waitText(milliseconds: number): string {
  return milliseconds < SECOND_MS ? `${Math.round(milliseconds)} ms` : `${(milliseconds / SECOND_MS).toFixed(1)} s`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
