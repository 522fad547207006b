import { readFileSync } from "node:fs";
import { processTree } from "./processes.ts";

const KIB = 1024;

/** Proportional set sizes in bytes: a page that several processes share counts once over all of them. */
export interface Memory {
  readonly all: number;
  /**
   * Without pages of files, above all the program's own. Those of node are shared with every other node on the machine,
   * and count more when one of them ends.
   */
  readonly own: number;
}

const NONE: Memory = { all: 0, own: 0 };

/** Memory of a process and everything that it started. */
export function memoryOf(root: number): Memory {
  return processTree(root)
    .map(memoryOfOne)
    .reduce((sum, { all, own }) => ({ all: sum.all + all, own: sum.own + own }), NONE);
}

function memoryOfOne(pid: number): Memory {
  try {
    return parseMemory(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  } catch (error) {
    // It ended meanwhile; what must not pass unseen is that it may not be read.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return NONE;
    throw error;
  }
}

/** The `Pss` lines of a `smaps_rollup`. */
export function parseMemory(text: string): Memory {
  const bytesOf = (name: string): number => {
    const kib = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1];
    if (kib === undefined) throw new Error(`smaps_rollup has no ${name} line`);
    return Number(kib) * KIB;
  };
  const all = bytesOf("Pss");
  return { all, own: all - bytesOf("Pss_File") };
}
