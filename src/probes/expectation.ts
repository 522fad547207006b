import type { Expectation } from "../health/index.ts";

/** Most bytes of an answer that are looked at. */
export const ANSWER_BYTES_MAX = 64 * 1024;

/** Whether an answer holds what it has to. Bytes that are no UTF-8 stand for themselves nowhere. */
export function holds(expectation: Expectation, answer: Uint8Array): boolean {
  const text = new TextDecoder().decode(answer);
  return "contains" in expectation ? text.includes(expectation.contains) : new RegExp(expectation.regex).test(text);
}
