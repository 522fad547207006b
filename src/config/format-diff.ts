import { stringify } from "yaml";

import type { Change, ConfigDiff, Difference } from "./diff.ts";
import type { Subject } from "./parts.ts";

/** One thing that is different, as a line for people and for logs. */
export interface DiffLine {
  readonly sign: "+" | "-" | "~";
  /** `backend ws://10.0.0.1:8000 of pool chat: weight: 1 -> 2` */
  readonly text: string;
  /** What a reload does with it. */
  readonly effect: string;
}

const GROUPS: readonly { readonly title: string; readonly subjects: readonly Subject[] }[] = [
  { title: "listeners", subjects: ["listener", "certificate"] },
  { title: "pools and backends", subjects: ["pool", "backend"] },
  { title: "routes", subjects: ["route"] },
  { title: "settings", subjects: ["settings"] },
];

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

/** Writes a diff for people: grouped, with what a reload does, and the sum in the last line. */
export function formatDiff(diff: ConfigDiff): string {
  if (diff.length === 0) return "no difference\n";
  const groups = GROUPS.flatMap(({ title, subjects }) => {
    const lines = diff.filter(({ subject }) => subjects.includes(subject)).flatMap(diffLines);
    return lines.length === 0 ? [] : [`${title}\n${lines.map(withEffect).join("")}`];
  });
  return [...groups, `${sumOf(diff)}\n`].join("\n");
}

/** A line for a part that came or went, or one for each of its options that changed. */
export function diffLines(difference: Difference): DiffLine[] {
  const sign = SIGNS[difference.kind];
  const which = whichOf(difference);
  if (difference.kind !== "changed") {
    const { about, effect } = difference;
    return [{ sign, text: about === "" ? which : `${which} (${about})`, effect }];
  }
  return difference.changes.map((change) => ({
    sign,
    text: `${which === "" ? "" : `${which}: `}${change.path}: ${alteration(change)}`,
    effect: change.effect,
  }));
}

function whichOf({ subject, name, owner }: Difference): string {
  if (subject === "settings") return "";
  if (owner === undefined) return `${subject} ${name}`;
  return `${subject} ${name} of ${subject === "backend" ? "pool" : "listener"} ${owner}`;
}

/** What is the same for several lines stands below the last of them. */
function withEffect({ sign, text, effect }: DiffLine, index: number, all: readonly DiffLine[]): string {
  const line = `  ${sign} ${text}\n`;
  return all[index + 1]?.effect === effect ? line : `${line}      ${effect}\n`;
}

function alteration({ before, after }: Change): string {
  if (Array.isArray(before) && Array.isArray(after)) {
    const gained = after.filter((one) => !before.includes(one));
    const lost = before.filter((one) => !after.includes(one));
    const parts = [
      gained.length > 0 ? `with ${gained.join(", ")}` : "",
      lost.length > 0 ? `without ${lost.join(", ")}` : "",
    ];
    if (gained.length + lost.length > 0) return parts.filter((part) => part !== "").join(", ");
  }
  const [old, next] = [inline(before), inline(after)];
  return old === next ? "changed" : `${old} -> ${next}`;
}

/** A value in one line, as a configuration would have it. */
function inline(value: unknown): string {
  if (value === null) return "not set";
  return stringify(value, { collectionStyle: "flow", lineWidth: 0, blockQuote: false }).trimEnd();
}

/** `2 backends added, 1 removed; 3 settings changed; 1 change needs a restart` */
function sumOf(diff: ConfigDiff): string {
  const subjects = GROUPS.flatMap(({ subjects: all }) => all);
  const sums = subjects.map((subject) =>
    subjectSum(
      subject,
      diff.filter((one) => one.subject === subject),
    ),
  );
  const waiting = diff.flatMap(changesOf).filter(({ restart }) => restart).length;
  const restarts = waiting === 0 ? "" : `${waiting} ${waiting === 1 ? "change needs" : "changes need"} a restart`;
  return [...sums, restarts].filter((sum) => sum !== "").join("; ");
}

function subjectSum(subject: Subject, differences: readonly Difference[]): string {
  const kinds = ["added", "removed", "changed"] as const;
  const counts = kinds.map((kind) => {
    const of = differences.filter((one) => one.kind === kind);
    return { kind, count: subject === "settings" ? of.flatMap(changesOf).length : of.length };
  });
  const word = subject === "settings" ? "setting" : subject;
  return counts
    .filter(({ count }) => count > 0)
    .map(({ kind, count }, index) => `${count} ${index > 0 ? "" : `${word}${count === 1 ? "" : "s"} `}${kind}`)
    .join(", ");
}

function changesOf(difference: Difference): readonly Change[] {
  return difference.kind === "changed" ? difference.changes : [];
}
