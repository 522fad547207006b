import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processTree } from "../measure/processes.ts";
import type { Launch } from "../proxies/variant.ts";
import { listens } from "./ports.ts";
import { sleep } from "./sleep.ts";

/** In milliseconds. */
const START_TIMEOUT = 20_000;
const START_INTERVAL = 20;
const END_TIMEOUT = 5_000;
/** Characters of a failed program's log that are shown. */
const LOG_TAIL = 600;

/** A proxy that serves. */
export interface Running {
  readonly pid: number;
  readonly port: number;
  /** Where it was started, and where its output is, in the file `log`. */
  readonly folder: string;
  /** Its exit code, or the signal that ended it. */
  readonly exit: Promise<number | string>;
  stop(): Promise<void>;
}

/** Everything that the benchmark starts or writes, so that it can be ended and removed. */
export interface Lab {
  readonly folder: string;
  readonly signal: AbortSignal;
  /** A new folder below the lab's. */
  room(name: string): string;
  /** Starts a proxy in a folder of its own, and waits until it listens. */
  launch(name: string, launch: Launch): Promise<Running>;
  /** Remembers a process that must not outlive the benchmark. */
  adopt(child: ChildProcess): void;
  /** The same for one that somebody else has started. */
  remember(pid: number): void;
  /** Ends all that was started, by its id, and removes the folder. */
  close(): void;
}

/** Opens a lab in a new temporary folder. */
export function openLab(signal: AbortSignal): Lab {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-bench-"));
  const children = new Set<ChildProcess>();
  const others = new Set<number>();
  let rooms = 0;
  const adopt = (child: ChildProcess): void => {
    children.add(child);
    child.once("exit", () => children.delete(child));
  };
  const room = (name: string): string => {
    rooms += 1;
    const path = join(folder, `${rooms}-${name}`);
    mkdirSync(path);
    return path;
  };
  return {
    folder,
    signal,
    room,
    adopt,
    remember: (pid) => void others.add(pid),
    async launch(name, launch) {
      const place = room(name);
      for (const [file, text] of Object.entries(launch.files(place))) writeFileSync(join(place, file), text);
      const log = join(place, "log");
      const output = openSync(log, "a");
      const [program, ...args] = launch.command(place);
      const child = spawn(program, args, {
        cwd: place,
        stdio: ["ignore", output, output],
        env: { ...process.env, ...launch.env },
      });
      closeSync(output);
      adopt(child);
      const { promise: exit, resolve } = Promise.withResolvers<number | string>();
      child.once("exit", (code, by) => resolve(code ?? by ?? "?"));
      await started(name, child, launch.port, log, signal);
      const { pid } = child;
      if (pid === undefined) throw new Error(`${name} has no process`);
      return { pid, port: launch.port, folder: place, exit, stop: () => ended(child) };
    },
    close() {
      for (const child of children) kill(child);
      for (const pid of others) killTree(pid);
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function started(
  name: string,
  child: ChildProcess,
  port: number,
  log: string,
  signal: AbortSignal,
): Promise<void> {
  let failed: string | undefined;
  child.once("error", (error) => (failed ??= error.message));
  child.once("exit", (code, by) => (failed ??= `it ended with ${code ?? by}`));
  const deadline = performance.now() + START_TIMEOUT;
  while (!(await listens(port))) {
    if (failed === undefined && performance.now() > deadline)
      failed = `nothing listens after ${START_TIMEOUT / 1000} s`;
    if (failed !== undefined) throw new Error(`${name} did not start: ${failed}\n${tailOf(log)}`);
    await sleep(START_INTERVAL, signal);
  }
}

function tailOf(log: string): string {
  return readFileSync(log, "utf8").slice(-LOG_TAIL).trim();
}

/** Ends a process and what it started. Nobody is asked: what is measured has been measured. */
function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  killTree(child.pid);
}

function killTree(root: number): void {
  for (const pid of processTree(root)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once("exit", () => resolve());
  kill(child);
  const timer = setTimeout(() => reject(new Error(`process ${child.pid} does not end`)), END_TIMEOUT);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}
