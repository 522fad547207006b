import { createContext, Script } from "node:vm";

import type { Milliseconds } from "../base/index.ts";
import type { Expectation } from "../health/index.ts";

/** Most bytes of an answer that are looked at. */
export const ANSWER_BYTES_MAX = 64 * 1024;
/** For one look of a regular expression: microseconds, unless an answer is made to lead it astray. */
const LOOK_MAX_MS: Milliseconds = 200;

/** Only scripts can be given a longest time. */
const look = new Script("texts.some((text) => expression.test(text))");
const world = createContext({});

/** Whether answers hold what they have to; `endless` when a regular expression did not come to an end with them. */
export type Verdict = "holds" | "lacks" | "endless";

/** What is said of `endless` ones. */
export const ENDLESS = "the regular expression does not come to an end with its answer";

/** Whether one of these answers holds what it has to. Bytes that are no UTF-8 stand for themselves nowhere. */
export function judgeAnswers(expectation: Expectation, answers: readonly Uint8Array[]): Verdict {
  if (answers.length === 0) return "lacks";
  const texts = answers.map((answer) => new TextDecoder().decode(answer));
  if ("regex" in expectation) return find(new RegExp(expectation.regex), texts);
  return texts.some((text) => text.includes(expectation.contains)) ? "holds" : "lacks";
}

/** Backends choose the texts, and the supervisor, which looks, has more to do: what takes too long is broken off. */
function find(expression: RegExp, texts: readonly string[]): Verdict {
  Object.assign(world, { expression, texts });
  try {
    return look.runInContext(world, { timeout: LOOK_MAX_MS }) === true ? "holds" : "lacks";
  } catch (error) {
    if (isTimeout(error)) return "endless";
    throw error;
  } finally {
    Object.assign(world, { texts: [] });
  }
}

/** The error is of the script's world, not an instance of this one's Error. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
  );
}
