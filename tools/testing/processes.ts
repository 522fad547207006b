import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** How long processes of a finished pass may take to go, in milliseconds, and how often they are looked for. */
const GOING_TIMEOUT = 3_000;
const GOING_INTERVAL = 100;

/**
 * Waits until a process group is empty, ends what is left of it, and tells what that was. Knows only what `/proc`
 * shows; elsewhere nothing is found, and the group is ended all the same.
 */
export async function endGroup(group: number): Promise<string[]> {
  const deadline = Date.now() + GOING_TIMEOUT;
  while (members(group).length > 0 && Date.now() < deadline) await delay(GOING_INTERVAL);
  const left = members(group);
  killGroup(group, "SIGKILL");
  return left;
}

/** Sends a signal to every process of a group; a group that is gone is fine. */
export function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Nobody was left to be told.
  }
}

/** Command lines of the living processes of a group. */
function members(group: number): string[] {
  return processIds().flatMap((pid) => {
    try {
      // pid (name) state parent group ...; the name may hold spaces and brackets.
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [state, , owner] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(owner) !== group || state === "Z") return [];
      return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()}`];
    } catch {
      return []; // It went while it was looked at.
    }
  });
}

function processIds(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
