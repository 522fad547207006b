import type { TestEvent } from "node:test/reporters";

/** What a pass writes, one JSON document a line, beside what it prints for people. */
export type PassEvent =
  | { readonly kind: "skip"; readonly name: string; readonly file: string | undefined; readonly reason: string }
  /** Every test that is known has ended, or (`idle` false) another one has turned up. */
  | { readonly kind: "state"; readonly idle: boolean }
  | { readonly kind: "end"; readonly passed: number; readonly failed: number; readonly skipped: number };

/**
 * A reporter for `node --test`: skipped tests by name, whether anything is left to do, and the counts of the whole pass.
 * The counts come only when the process has nothing open any more, so that a pass which is idle and does not end is
 * one in which a test left something open.
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
  if (event.type === "test:pass" && event.data.skip !== undefined) {
    const { name, file, skip } = event.data;
    return { kind: "skip", name, file, reason: typeof skip === "string" ? skip : "no reason given" };
  }
  // With isolation each file has a summary of its own; the one without a file is of the whole pass.
  if (event.type === "test:summary" && event.data.file === undefined) {
    const { tests, passed, skipped, todo } = event.data.counts;
    return { kind: "end", passed, failed: tests - passed - skipped - todo, skipped: skipped + todo };
  }
  return undefined;
}
