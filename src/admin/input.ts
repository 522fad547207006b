import type { z } from "zod";

import { didYouMean } from "../base/index.ts";

import { InputError } from "../config/index.ts";
import type { InputProblem } from "./errors.ts";

/** Checks the JSON of a body; nothing at all counts as an empty object. @throws InputError */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  return checked(schema, body ?? {}, "field");
}

/** Checks the query of a target, without its mark. @throws InputError */
export function parseQuery<T extends z.ZodObject>(schema: T, query: string): z.output<T> {
  const parameters = [...new URLSearchParams(query)];
  const problems = parameters.flatMap(([name], at) =>
    parameters.findIndex(([other]) => other === name) < at && Object.hasOwn(schema.shape, name)
      ? [{ path: name, message: "is given twice; give it once" }]
      : [],
  );
  if (problems.length > 0) throw new InputError(problems);
  return checked(schema, Object.fromEntries(parameters), "parameter");
}

function checked<T extends z.ZodType>(schema: T, value: unknown, word: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InputError(result.error.issues.flatMap((issue) => problemsOf(issue, schema, word)));
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, word: string): InputProblem[] {
  const path = issue.path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
  const known = knownKeys(schema);
  return issue.keys.map((key) => ({ path: key, message: unknownKey(key, known, word) }));
}

function knownKeys(schema: z.ZodType): readonly string[] {
  return "shape" in schema && typeof schema.shape === "object" && schema.shape !== null
    ? Object.keys(schema.shape)
    : [];
}

function unknownKey(key: string, known: readonly string[], word: string): string {
  if (known.length === 0) return `there is no such ${word}; there are none`;
  const meant = didYouMean(key, known);
  return `there is no such ${word}; ${meant === undefined ? `there are ${known.join(", ")}` : `did you mean ${meant}?`}`;
}
