import type { Path } from "./problem.ts";

/** Whether a value is an object of keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as an object of keys; an empty one when it is something else. */
export function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? { ...value } : {};
}

/** A value as a list; an empty one when it is something else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value at a path; undefined where the path leads nowhere. */
export function getIn(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) here = Array.isArray(here) ? list(here)[Number(step)] : record(here)[String(step)];
  return here;
}

/** A copy of a value with something else at a path; everything beside the path is shared with the original. */
export function setIn(value: unknown, path: Path, replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (Array.isArray(value)) return value.with(Number(step), setIn(list(value)[Number(step)], rest, replacement));
  const copy = record(value);
  return { ...copy, [step]: setIn(copy[String(step)], rest, replacement) };
}

/** Freezes a value and all that is in it; what is frozen already is taken to be so throughout. */
export function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
