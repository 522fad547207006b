import { isDeepStrictEqual } from "node:util";

import { type Consequence, consequenceOf, presenceOf } from "./consequences.ts";
import { HIDDEN, type Part, partsOf, type Subject } from "./parts.ts";
import { formatPath, type Path } from "./problem.ts";
import { isRecord, record } from "./tree.ts";
import type { Config } from "./types.ts";

/** One option that says something else, and what a reload does with that. */
export interface Change extends Consequence {
  /** Within the part: `weight`, `tunnel.idleTimeout`. */
  readonly path: string;
  /** As people write it; null where it was not set. Of a secret only whether it was. */
  readonly before: unknown;
  readonly after: unknown;
}

/** A part that two configurations do not have alike. */
export type Difference = {
  readonly subject: Subject;
  /** The identity: address of a listener, URL of a backend, first host of a certificate; empty for the settings. */
  readonly name: string;
  /** Name of the pool that a backend is in, of the listener that a certificate is for. */
  readonly owner?: string;
} & (
  | {
      readonly kind: "added" | "removed";
      /** What tells it from others, in a few words. */
      readonly about: string;
      /** What a reload does with it, in words for operators. */
      readonly effect: string;
    }
  | { readonly kind: "changed"; readonly changes: readonly Change[] }
);

/** What one configuration has otherwise than another; empty when they amount to the same. */
export type ConfigDiff = readonly Difference[];

/** Where the options of a part stand in the reference. */
const PLACES: Readonly<Record<Subject, string>> = {
  settings: "",
  listener: "listen[]",
  certificate: "listen[].tls.certificates[]",
  pool: "pools.NAME",
  backend: "pools.NAME.backends[]",
  route: "routes[]",
};

/** The parts whose order says something, and where it does. */
const ORDERED: Readonly<Partial<Record<Subject, { readonly of: Subject; readonly path: Path }>>> = {
  settings: { of: "route", path: ["routes"] },
  listener: { of: "certificate", path: ["tls", "certificates"] },
};

/** What a reload that goes from one configuration to the other does. */
export function diffConfigs(before: Config, after: Config): ConfigDiff {
  return diffPart({ before: partsOf(before), after: partsOf(after) }, undefined);
}

/** One part in both configurations; at least one has it. */
interface Pair {
  readonly before: Part | undefined;
  readonly after: Part | undefined;
}

function diffPart({ before, after }: Pair, owner: Part | undefined): Difference[] {
  const part = before ?? after;
  if (part === undefined) return [];
  const inner = pairsOf(before?.parts ?? [], after?.parts ?? []).flatMap((pair) => diffPart(pair, part));
  return [...ownDifference(part, { before, after }, owner), ...inner];
}

function ownDifference(part: Part, { before, after }: Pair, owner: Part | undefined): Difference[] {
  const { subject, name, about } = part;
  const which = { subject, name, ...(owner !== undefined && owner.subject !== "settings" && { owner: owner.name }) };
  if (before !== undefined && after !== undefined) {
    const changes = [...orderChanges(before, after), ...optionChanges(before.options, after.options, [])];
    return changes.length === 0
      ? []
      : [{ kind: "changed", ...which, changes: changes.map((one) => judged(one, subject)) }];
  }
  if (subject === "settings") return [];
  const kind = before === undefined ? "added" : "removed";
  return [{ kind, ...which, about, effect: presenceOf(subject, kind, part.options) }];
}

function pairsOf(before: readonly Part[], after: readonly Part[]): Pair[] {
  const key = ({ subject, name }: Part): string => `${subject} ${name}`;
  const old = new Map(before.map((part) => [key(part), part]));
  const next = new Map(after.map((part) => [key(part), part]));
  return [...new Set([...old.keys(), ...next.keys()])].map((one) => ({ before: old.get(one), after: next.get(one) }));
}

interface BareChange {
  readonly path: Path;
  readonly before: unknown;
  readonly after: unknown;
}

/** Walks two values of one option down to where they part. */
function optionChanges(before: unknown, after: unknown, path: Path): BareChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!haveOneForm(before, after)) return [{ path, before, after }];
  const [old, next] = [record(before), record(after)];
  const keys = new Set([...Object.keys(old), ...Object.keys(next)]);
  return [...keys].flatMap((key) => optionChanges(old[key], next[key], [...path, key]));
}

/** Whether it makes sense to compare key by key. Two methods, or two kinds of condition, have nothing in common but their name. */
function haveOneForm(before: unknown, after: unknown): boolean {
  if (!isRecord(before) || !isRecord(after) || before["method"] !== after["method"]) return false;
  const [old, next] = [Object.keys(before), Object.keys(after)];
  return old.length === 0 || next.length === 0 || old.some((key) => next.includes(key));
}

/** What came or went changes no order: only those that are in both count, and of them what stands elsewhere. */
function orderChanges(before: Part, after: Part): BareChange[] {
  const ordered = ORDERED[before.subject];
  if (ordered === undefined) return [];
  const names = ({ parts }: Part): Set<string> =>
    new Set(parts.filter(({ subject }) => subject === ordered.of).map(({ name }) => name));
  const [was, is] = [names(before), names(after)];
  const old = [...was].filter((name) => is.has(name));
  const next = [...is].filter((name) => was.has(name));
  const first = old.findIndex((name, index) => name !== next[index]);
  const last = old.findLastIndex((name, index) => name !== next[index]);
  if (first < 0) return [];
  return [{ path: ordered.path, before: old.slice(first, last + 1), after: next.slice(first, last + 1) }];
}

function judged({ path, before, after }: BareChange, subject: Subject): Change {
  const place = [PLACES[subject], path.join(".")].filter((text) => text !== "").join(".");
  const consequence = consequenceOf(place);
  if (consequence === undefined) throw new RangeError(`nobody has said what a reload does with ${place}`);
  return { path: formatPath(path), before: shown(before, place), after: shown(after, place), ...consequence };
}

/** A value without what is hidden in it. */
function shown(value: unknown, place: string): unknown {
  if (value === undefined) return null;
  if (!isRecord(value)) return isHidden(place) ? "set" : value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shown(inner, `${place}.${key}`)]));
}

function isHidden(place: string): boolean {
  return HIDDEN.some((hidden) => place === hidden || place.startsWith(`${hidden}.`));
}
