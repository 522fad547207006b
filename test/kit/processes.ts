import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { lastly } from "./cleanup.ts";
import { within } from "./until.ts";

/** A program that runs beside the test, killed at its end. */
export interface Program {
  readonly child: ChildProcess;
  /** What it has written so far, line by line (both outputs). */
  readonly lines: readonly string[];
  /** The first line, of those written and to come, that matches. */
  line(pattern: RegExp): Promise<RegExpMatchArray>;
  /** SIGSTOP: it lives, keeps its sockets and does nothing. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Its exit code. */
  exit(): Promise<number | null>;
}

const programs = fileURLToPath(new URL("./programs/", import.meta.url));

/** The full path of one of the kit's programs. */
export const programFile = (name: string): string => `${programs}${name}`;

const lineFinder = (lines: readonly string[], wakers: Set<() => void>) => async (pattern: RegExp) => {
  const search = async (): Promise<RegExpMatchArray> => {
    for (let from = 0; ;) {
      for (; from < lines.length; from += 1) {
        const match = lines[from]?.match(pattern);
        if (match) return match;
      }
      await new Promise<void>((resolve) => wakers.add(resolve));
    }
  };
  try {
    return await within(search(), `a line like ${pattern}`, 60_000);
  } catch (error) {
    throw new Error(`the program wrote: ${lines.join(" | ")}`, { cause: error });
  }
};

const collect = (child: ChildProcess, lines: string[], wakers: Set<() => void>): void => {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const waker of wakers) waker();
      wakers.clear();
    });
  }
};

/** Runs a program until the end of the test. */
export const runProgram = (
  t: TestContext,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Program => {
  const child = spawn(command, [...args], { stdio: "pipe", env: { ...process.env, ...env } });
  const lines: string[] = [];
  const wakers = new Set<() => void>();
  child.on("error", (error) => lines.push(`could not run: ${error.message}`));
  collect(child, lines, wakers);
  const exit = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) await within(once(child, "exit"), `${command} ends`);
    return child.exitCode;
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exit();
  };
  lastly(t, kill);
  const signal = (name: NodeJS.Signals) => (): void => void child.kill(name);
  return {
    child,
    lines,
    line: lineFinder(lines, wakers),
    freeze: signal("SIGSTOP"),
    thaw: signal("SIGCONT"),
    kill,
    exit,
  };
};

/** A backend in a process of its own. */
export type ProgramBackend = Program & { readonly url: string; readonly port: number };

const asBackend = async (program: Program): Promise<ProgramBackend> => {
  const match = await program.line(/^listening (\d+)$/);
  const port = Number(match[1]);
  return Object.assign(program, { port, url: `ws://127.0.0.1:${port}` });
};

/** An echo backend with `ws` in a Node process. */
export const startNodeEcho = (t: TestContext, name = "child", port = 0): Promise<ProgramBackend> =>
  asBackend(runProgram(t, process.execPath, [programFile("echo.ts"), name, String(port)]));

/** A `ws` client in a Node process. It says "open", "message ..." and "close ...". */
export const startNodeClient = (t: TestContext, url: string): Program =>
  runProgram(t, process.execPath, [programFile("client.ts"), url]);
