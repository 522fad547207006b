import { execFileSync } from "node:child_process";
import { processTree, type ProcessStat, readStat } from "./processes.ts";

/** CPU time in seconds. */
export interface Cpu {
  readonly user: number;
  readonly system: number;
}

const TICKS_DEFAULT = 100;
let ticks: number | undefined;

/** Clock ticks a second, the unit of `/proc/PID/stat`. */
function ticksPerSecond(): number {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) || TICKS_DEFAULT;
  return ticks;
}

/** CPU time of a process and everything that it started, all threads and ended children included. */
export function cpuOf(root: number): Cpu {
  return sumCpu(
    processTree(root).flatMap((pid) => readStat(pid) ?? []),
    ticksPerSecond(),
  );
}

/** Sums up; a child that ends between two readings moves from its own line to its parent's. */
export function sumCpu(stats: readonly ProcessStat[], perSecond: number): Cpu {
  let user = 0;
  let system = 0;
  for (const stat of stats) {
    user += stat.user + stat.childUser;
    system += stat.system + stat.childSystem;
  }
  return { user: user / perSecond, system: system / perSecond };
}

/** What was used between two readings. */
export function cpuBetween(before: Cpu, after: Cpu): Cpu {
  return { user: after.user - before.user, system: after.system - before.system };
}
