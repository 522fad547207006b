import { readFileSync } from "node:fs";
import { processTree } from "./processes.ts";

const KIB = 1024;

/**
 * Proportional set size of a process and everything that it started, in bytes: a page that several share counts once
 * over all of them.
 */
export function memoryOf(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + pssOf(pid), 0);
}

function pssOf(pid: number): number {
  try {
    return parsePss(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  } catch (error) {
    // It ended meanwhile; what must not pass unseen is that it may not be read.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return 0;
    throw error;
  }
}

/** The `Pss` line of a `smaps_rollup`, in bytes. */
export function parsePss(text: string): number {
  const kib = /^Pss: +(\d+) kB$/m.exec(text)?.[1];
  if (kib === undefined) throw new Error("smaps_rollup has no Pss line");
  return Number(kib) * KIB;
}
