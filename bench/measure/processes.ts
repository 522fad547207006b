import { readdirSync, readFileSync } from "node:fs";

/** What `/proc/PID/stat` tells of a process; times in clock ticks. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Of all its threads, ended ones too. */
  readonly user: number;
  readonly system: number;
  /** Of children that have ended and been waited for. */
  readonly childUser: number;
  readonly childSystem: number;
}

// Fields by their numbers in proc(5), from the third on: the second is a name that may hold anything.
const FIRST_FIELD = 3;
const PARENT = 4 - FIRST_FIELD;
const USER = 14 - FIRST_FIELD;
const SYSTEM = 15 - FIRST_FIELD;
const CHILD_USER = 16 - FIRST_FIELD;
const CHILD_SYSTEM = 17 - FIRST_FIELD;

/** Reads the text of `/proc/PID/stat`. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (index: number): number => Number(fields[index] ?? Number.NaN);
  return {
    pid: Number.parseInt(text, 10),
    parent: number(PARENT),
    user: number(USER),
    system: number(SYSTEM),
    childUser: number(CHILD_USER),
    childSystem: number(CHILD_SYSTEM),
  };
}

/** Undefined when there is no such process (any more). */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

/** The process and all its descendants, parents before children. */
export function processTree(root: number): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const stats = pids.flatMap((pid) => readStat(Number(pid)) ?? []);
  return descendants(root, stats);
}

/** `root` and what descends from it. */
export function descendants(root: number, stats: readonly Pick<ProcessStat, "pid" | "parent">[]): number[] {
  const tree = [root];
  for (let i = 0; i < tree.length; i += 1) {
    tree.push(...stats.filter(({ parent, pid }) => parent === tree[i] && !tree.includes(pid)).map(({ pid }) => pid));
  }
  return tree;
}
