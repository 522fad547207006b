import type { TestEvent } from "node:test/reporters";

/** What a runner writes, one JSON document a line, beside what it prints for people. */
export type PassEvent =
  | TestResult
  /** Every test that is known has ended, or (`idle` false) another one has turned up. */
  | { readonly kind: "state"; readonly idle: boolean }
  /** The runner has ended in order. */
  | { readonly kind: "end" };

export interface TestResult {
  readonly kind: "test";
  readonly result: "passed" | "failed" | "skipped";
  readonly name: string;
  readonly file: string | undefined;
  /** Why it was skipped; empty otherwise. */
  readonly reason: string;
}

/**
 * A reporter for `node --test` without isolation: each test's result, whether anything is left to do, and the end. The
 * end comes only when the process has nothing open any more, so that a runner which is idle and does not end is one in
 * which a test left something open.
 */
export default async function* events(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let pending = 0;
  for await (const event of source) {
    const before = pending;
    if (event.type === "test:enqueue") pending += 1;
    if (event.type === "test:complete") pending -= 1;
    if ((before === 0) !== (pending === 0)) yield lineOf({ kind: "state", idle: pending === 0 });
    const told = toPassEvent(event);
    if (told !== undefined) yield lineOf(told);
  }
}

const lineOf = (event: PassEvent): string => `${JSON.stringify(event)}\n`;

function toPassEvent(event: TestEvent): PassEvent | undefined {
  if (event.type === "test:summary") return { kind: "end" };
  // A suite is the sum of its tests.
  if ((event.type !== "test:pass" && event.type !== "test:fail") || event.data.details.type === "suite")
    return undefined;
  const { name, file, skip, todo } = event.data;
  const waived = skip ?? todo;
  if (waived === undefined || waived === false) {
    return { kind: "test", result: event.type === "test:pass" ? "passed" : "failed", name, file, reason: "" };
  }
  const reason = typeof waived === "string" && waived !== "" ? waived : "no reason given";
  return { kind: "test", result: "skipped", name, file, reason };
}
