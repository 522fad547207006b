import { z } from "zod";

import { didYouMean } from "../base/index.ts";
import { placesOf } from "./places.ts";
import type { Issue, Path } from "./problem.ts";

type RawIssue = z.core.$ZodIssue;
type UnionIssue = Extract<RawIssue, { code: "invalid_union" }>;

/** What zod says where a schema has no words of its own. */
const WORDLESS = "Invalid input";

const ARTICLES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object of keys",
  record: "an object of keys",
};

const KEY_SEPARATOR = ", ";

/** A key that stands in more places than this says too little of what was meant. */
const MAX_PLACES = 3;

/** Tells where else a key belongs. */
type PlacesOf = (key: string) => readonly string[];

/** Only while zod finds an unknown key does it tell which are known; so they become the message. */
const nameKnownKeys: z.core.$ZodErrorMap = (issue) =>
  issue.code === "unrecognized_keys" && issue.inst instanceof z.ZodObject
    ? Object.keys(issue.inst.shape).join(KEY_SEPARATOR)
    : undefined;

/** Validates a value: what the schema makes of it, or every mistake in the words of fairlead. */
export function validate<T>(schema: z.ZodType<T>, input: unknown): { readonly data: T } | { readonly issues: Issue[] } {
  const result = schema.safeParse(input, { reportInput: true, error: nameKnownKeys });
  if (result.success) return { data: result.data };
  return { issues: issuesOf(result.error.issues, (key) => placesOf(schema, key)) };
}

function issuesOf(found: readonly RawIssue[], places: PlacesOf, root: Path = []): Issue[] {
  return found.flatMap((issue) => issuesOfOne(issue, [...root, ...stepsOf(issue.path)], places));
}

function issuesOfOne(issue: RawIssue, path: Path, places: PlacesOf): Issue[] {
  switch (issue.code) {
    case "invalid_union":
      return issue.message === WORDLESS
        ? unionIssues(issue, path, places)
        : [{ path, message: issue.message, kindMismatch: true }];
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, issue, places), atKey: true }));
    case "invalid_key":
      return [{ path, message: issue.issues[0]?.message ?? "this key is not allowed", atKey: true }];
    default:
      return [{ path, message: messageOf(issue), kindMismatch: issue.code === "invalid_type" }];
  }
}

function messageOf(issue: RawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return isZodsOwn(issue) ? typeMessage(issue.expected, issue.input) : issue.message;
    case "invalid_value":
      return isZodsOwn(issue) ? choiceMessage(issue.values, issue.input) : issue.message;
    case "too_small":
      return isZodsOwn(issue)
        ? boundMessage(issue, issue.inclusive === false ? "above" : "of at least", issue.minimum)
        : issue.message;
    case "too_big":
      return isZodsOwn(issue)
        ? boundMessage(issue, issue.inclusive === false ? "below" : "of at most", issue.maximum)
        : issue.message;
    default:
      return issue.message;
  }
}

/** Whether the words are zod's own: a schema's words never begin like this. */
function isZodsOwn(issue: RawIssue): boolean {
  return /^(Invalid (input|option)|Too (small|big))\b/.test(issue.message);
}

function unknownKey(key: string, issue: RawIssue, places: PlacesOf): string {
  const known = issue.message.split(KEY_SEPARATOR);
  const meant = didYouMean(key, known);
  if (meant !== undefined) return `unknown key; did you mean "${meant}"?`;
  const elsewhere = places(key);
  if (elsewhere.length > 0 && elsewhere.length <= MAX_PLACES)
    return `unknown key here; its place is ${joinOr(elsewhere)}`;
  return `unknown key; known here: ${known.join(", ")}`;
}

function typeMessage(expected: string, input: unknown): string {
  const right = ARTICLES[expected] ?? expected;
  if (input === undefined) return `this is needed; give ${right}`;
  return `expected ${right}, found ${describe(input)}`;
}

function choiceMessage(values: readonly unknown[], input: unknown): string {
  if (input === undefined) return `this is needed; give ${alternatives(values)}`;
  const known = values.filter((value) => typeof value === "string");
  const meant = typeof input === "string" ? didYouMean(input, known) : undefined;
  if (meant !== undefined) return `${describe(input)} is not known here; did you mean "${meant}"?`;
  return `expected ${alternatives(values)}, found ${describe(input)}`;
}

function boundMessage(issue: { origin: string; input?: unknown }, relation: string, bound: number | bigint): string {
  if (issue.origin === "string")
    return `expected a text ${relation} ${counted(bound, "character", "characters")}, found ${describe(issue.input)}`;
  if (issue.origin === "array") return `expected a list ${relation} ${counted(bound, "entry", "entries")}`;
  return `expected a number ${relation} ${bound}, found ${describe(issue.input)}`;
}

function counted(count: number | bigint, one: string, many: string): string {
  return `${count} ${Number(count) === 1 ? one : many}`;
}

/**
 * Of a value that could have been one of several forms, tells what is wrong with the form that was meant: the one that
 * the value got furthest into. Where it got nowhere, all forms are told together.
 */
function unionIssues(issue: UnionIssue, path: Path, places: PlacesOf): Issue[] {
  const branches = issue.errors.map((branch) => branch.flatMap((inner) => flatten(inner)));
  const entered = branches.filter((branch) => branch.every((inner) => !refusesForm(inner)));
  const best = entered.toSorted((a, b) => mistakesOfKey(a) - mistakesOfKey(b) || a.length - b.length)[0];
  const meant = meantWord(branches.flat(), issue.input);
  if (best !== undefined && (meant === undefined || best.some((inner) => inner.path.length > 0)))
    return issuesOf(best, places, path);
  return [{ path, message: formsMessage(branches.flat(), issue.input), kindMismatch: true }];
}

/** A union inside a union is one union, as far as its forms are concerned. */
function flatten(issue: RawIssue): RawIssue[] {
  const bare = issue.code === "invalid_union" && issue.path.length === 0 && issue.message === WORDLESS;
  return bare ? issue.errors.flat().flatMap((inner) => flatten(inner)) : [issue];
}

/** Whether the value does not even have this form. */
function refusesForm(issue: RawIssue): boolean {
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}

/** Forms are told apart by their keys, so unknown and absent keys count. */
function mistakesOfKey(branch: readonly RawIssue[]): number {
  return branch.filter(
    (issue) =>
      issue.code === "unrecognized_keys" || (issue.code !== "custom" && "input" in issue && issue.input === undefined),
  ).length;
}

/** The one of the fixed words that a text was probably meant to be. */
function meantWord(refusals: readonly RawIssue[], input: unknown): string | undefined {
  const words = refusals.flatMap((issue) => (issue.code === "invalid_value" ? issue.values : []));
  return typeof input === "string"
    ? didYouMean(
        input,
        words.filter((word) => typeof word === "string"),
      )
    : undefined;
}

function formsMessage(refusals: readonly RawIssue[], input: unknown): string {
  const meant = meantWord(refusals, input);
  if (meant !== undefined) return `${describe(input)} is not known here; did you mean "${meant}"?`;
  const words = refusals.flatMap((issue) => (issue.code === "invalid_value" ? issue.values : []));
  const kinds = refusals.flatMap((issue) =>
    issue.code === "invalid_type" ? [ARTICLES[issue.expected] ?? issue.expected] : [],
  );
  const forms = joinOr([...new Set([...words.map((word) => JSON.stringify(word)), ...kinds])]);
  return input === undefined ? `this is needed; give ${forms}` : `expected ${forms}, found ${describe(input)}`;
}

function alternatives(values: readonly unknown[]): string {
  return joinOr(values.map((value) => JSON.stringify(value)));
}

function joinOr(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? "nothing") : `${items.slice(0, -1).join(", ")} or ${items.at(-1)}`;
}

const MAX_SHOWN = 60;

/** A value as a message shows it: short. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object of keys";
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return `a ${typeof value}`;
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}..."` : text;
}

function stepsOf(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === "number" ? step : String(step)));
}
