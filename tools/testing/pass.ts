import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { PassEvent, TestResult } from "./events.ts";
import { endGroup, killGroup } from "./processes.ts";
import { isolationOption } from "./select.ts";

/** How often a running pass is looked at. */
const WATCH_INTERVAL = 500;

export interface PassOptions {
  readonly root: string;
  readonly files: readonly string[];
  /** Options for `node --test`, apart from the isolation, which is always off: a pass is one process. */
  readonly options: readonly string[];
  /** The pass is ended after this many milliseconds. */
  readonly timeout: number;
  /** How long the runner may take to end after its last test, in milliseconds; more means that something was left open. */
  readonly endingTimeout: number;
  /** Whether what the runner prints is shown at once, or kept for the result. */
  readonly output: "show" | "keep";
}

export interface PassResult {
  readonly tests: readonly TestResult[];
  /** What went wrong apart from tests that failed. */
  readonly troubles: readonly string[];
  /** What the runner printed, where it was kept. */
  readonly printed: string;
}

/** Runs `node --test` over some files, and sees to it that it ends, and that nothing of it stays behind. */
export async function runPass(pass: PassOptions): Promise<PassResult> {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-test-"));
  const record = join(folder, "events.jsonl");
  try {
    const ending = await runNode(pass, record);
    return { ...judge(readEvents(record), ending), printed: ending.printed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ending {
  readonly code: number | null;
  /** Why the runner was ended from outside, and what it left behind. */
  readonly ended: readonly string[];
  readonly printed: string;
}

async function runNode(pass: PassOptions, record: string): Promise<Ending> {
  const recorder = join(import.meta.dirname, "events.ts");
  const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
  reporters.push(`--test-reporter=${recorder}`, `--test-reporter-destination=${record}`);
  const isolation = `${isolationOption(process.versions.node)}=none`;
  const output = pass.output === "show" ? "inherit" : "pipe";
  // A group of its own, so that whatever the tests start can be found and ended.
  const child = spawn(process.execPath, ["--test", isolation, ...pass.options, ...reporters, ...pass.files], {
    cwd: pass.root,
    stdio: ["ignore", output, output],
    detached: true,
    env: testEnvironment(pass.root),
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => printed.push(chunk));
  const group = child.pid;
  if (group === undefined) throw new Error("node could not be started");
  const stop = (signal: NodeJS.Signals): void => killGroup(group, signal);
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const watch = watchEnding(pass, record, () => killGroup(group, "SIGKILL"));
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  process.off("SIGINT", stop).off("SIGTERM", stop);
  const reasons = watch.stop();
  const left = await endGroup(group);
  // A runner that was ended in the middle leaves its children; that is not news.
  const behind = reasons.length > 0 ? [] : left.map((line) => `a test left a process behind: ${line}`);
  return { code, ended: [...reasons, ...behind], printed: Buffer.concat(printed).toString() };
}

/** The checkout's tools come first; and a runner inside of a test is a runner of its own. */
function testEnvironment(root: string): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, PATH: path = "", ...rest } = process.env;
  return { ...rest, PATH: [join(root, "node_modules/.bin"), path].join(delimiter) };
}

/** Ends a runner that takes too long, or that has no test left and still does not end. */
function watchEnding(pass: PassOptions, record: string, end: () => void): { stop(): string[] } {
  const started = Date.now();
  const reasons: string[] = [];
  let idleSince: number | undefined;
  const timer = setInterval(() => {
    const now = Date.now();
    idleSince = isIdle(readEvents(record)) ? (idleSince ?? now) : undefined;
    if (idleSince !== undefined && now - idleSince > pass.endingTimeout) {
      reasons.push("all tests ended and the process did not: one of them left something open");
    } else if (now - started > pass.timeout) {
      reasons.push(`not done after ${pass.timeout / 1000} s, and ended`);
    } else {
      return;
    }
    clearInterval(timer);
    end();
  }, WATCH_INTERVAL);
  return {
    stop: () => {
      clearInterval(timer);
      return reasons;
    },
  };
}

function isIdle(events: readonly PassEvent[]): boolean {
  const last = events.findLast((event) => event.kind !== "test");
  return last !== undefined && (last.kind === "end" || last.idle);
}

function judge(events: readonly PassEvent[], { code, ended }: Ending): Pick<PassResult, "tests" | "troubles"> {
  const tests = events.filter((event) => event.kind === "test");
  const inOrder = events.some((event) => event.kind === "end");
  const troubles = [...ended];
  if (!inOrder && ended.length === 0) troubles.push("the process ended before its tests were done");
  const anyFailed = tests.some((test) => test.result === "failed");
  if (inOrder && code !== 0 && !anyFailed && ended.length === 0) troubles.push(`the process ended with code ${code}`);
  return { tests, troubles };
}

function readEvents(record: string): PassEvent[] {
  let text: string;
  try {
    text = readFileSync(record, "utf8");
  } catch {
    return [];
  }
  // The last line may still be in the writing.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  // Written by our own reporter, beside this file.
  return lines.filter((line) => line !== "").map((line): PassEvent => JSON.parse(line) as PassEvent);
}
