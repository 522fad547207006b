import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Status } from "../../src/index.ts";
import type { Instance } from "../lab/instance.ts";
import { sleep } from "../lab/sleep.ts";
import { memoryOf } from "../measure/memory.ts";
import { processTree } from "../measure/processes.ts";

/** In milliseconds: how long all may take to be gone, and how often that is looked at. */
const SETTLE_TIMEOUT = 30_000;
const SETTLE_INTERVAL = 250;
/** From then to the reading; idle connections for plain requests to backends are closed after 4 s. */
const REST = 8_000;

/** What a process of the instance has open. */
interface ProcessReading {
  readonly pid: number;
  /** Without sockets that listen: those are the instance's, and may be with any of its processes. */
  readonly descriptors: number;
}

/** The instance at rest. */
export interface Reading {
  /** Since the start of the soak. */
  readonly minutes: number;
  /** Proportional set size of all its processes. */
  readonly bytes: number;
  readonly processes: readonly ProcessReading[];
  readonly status: Status;
}

/** What must be open, and nothing else. */
export interface Rest {
  readonly tunnels: number;
}

/** Reads the instance once it has come to rest, or after the time that it has for that. */
export async function readAtRest(
  instance: Instance,
  started: number,
  rest: Rest,
  signal: AbortSignal,
): Promise<Reading> {
  const deadline = performance.now() + SETTLE_TIMEOUT;
  while (!isAtRest(await instance.status(), rest) && performance.now() < deadline) await sleep(SETTLE_INTERVAL, signal);
  await sleep(REST, signal);
  const listening = listeningSockets();
  return {
    minutes: (performance.now() - started) / 60_000,
    bytes: memoryOf(instance.pid).own,
    processes: processTree(instance.pid).map((pid) => ({ pid, descriptors: openDescriptors(pid, listening) })),
    status: await instance.status(),
  };
}

/** Whether nothing is under way, and only the tunnels that shall be are open. */
export function isAtRest(status: Status, { tunnels }: Rest): boolean {
  const { handshakes, requests, connections } = status;
  return (
    [handshakes, requests].every((count) => count === 0) &&
    [status.tunnels, connections, loadOf(status)].every((count) => count === tunnels)
  );
}

/** Load over all backends of all pools. */
function loadOf({ pools }: Status): number {
  return pools.flatMap(({ backends }) => backends).reduce((sum, { load }) => sum + load, 0);
}

/** Descriptors that a process has open; 0 for one that has ended. */
function openDescriptors(pid: number, besides: ReadonlySet<string>): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => !besides.has(targetOf(`/proc/${pid}/fd/${fd}`))).length;
  } catch {
    return 0;
  }
}

/** What a descriptor stands for; empty for one that has just been closed. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}

/** The sockets of this machine that listen, as `/proc/PID/fd` names them. */
function listeningSockets(): ReadonlySet<string> {
  // A machine without IPv6 has no second one.
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].filter((table) => existsSync(table));
  return new Set(tables.flatMap((table) => parseListening(readFileSync(table, "utf8"))));
}

/** The listening sockets in the text of `/proc/net/tcp`: its fourth field is the state, its tenth the inode. */
export function parseListening(text: string): string[] {
  const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.filter(([, , , state]) => state === "0A").map((fields) => `socket:[${fields[9]}]`);
}
