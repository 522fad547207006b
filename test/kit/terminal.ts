import type { TestContext } from "node:test";
import { programFile, runProgram } from "./processes.ts";
import { needTool } from "./tools.ts";
import { until } from "./until.ts";

const PYTHON = "/usr/bin/python3";

/** What tells the terminal how to show text, or where. */
// eslint-disable-next-line no-control-regex -- it begins with escape
const MARK = /\u001b\[[\d;?]*[A-Za-z]/g;

/** A program in a pseudo-terminal of its own. */
export interface TerminalProgram {
  /** All that it has written, with what it tells the terminal. */
  written(): string;
  /** What it drew last, as lines without marks. */
  screen(): string[];
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until it shows this. */
  shows(pattern: RegExp): Promise<void>;
  /** Its exit code, and whether it left the terminal's modes as they were. */
  end(): Promise<{ readonly code: number; readonly modesSame: boolean }>;
  signal(name: NodeJS.Signals): void;
}

/** Whether programs can be run in a pseudo-terminal in this test. */
export const needTerminal = (t: TestContext): boolean => needTool(t, "Python", PYTHON);

/** Runs a program in a terminal of 100 columns and 24 rows until the end of the test. */
export const startInTerminal = (
  t: TestContext,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): TerminalProgram => {
  const program = runProgram(t, PYTHON, ["-u", programFile("terminal.py"), "100", "24", command, ...args], env);
  const written = (): string =>
    program.lines
      .filter((line) => line.startsWith("out "))
      .map((line) => JSON.parse(line.slice("out ".length)) as string)
      .join("");
  const screen = (): string[] => {
    const frame = written().split("\u001b[H").at(-1) ?? "";
    return frame
      .replaceAll(MARK, "")
      .split("\r\n")
      .map((line) => line.trimEnd());
  };
  const tell = (message: unknown): void => void program.child.stdin?.write(`${JSON.stringify(message)}\n`);
  return {
    written,
    screen,
    type: tell,
    resize: (columns, rows) => tell([columns, rows]),
    shows: async (pattern) => {
      try {
        await until(() => pattern.test(screen().join("\n")), `it shows ${pattern}`);
      } catch (error) {
        throw new Error(`it shows:\n${screen().join("\n")}`, { cause: error });
      }
    },
    end: async () => {
      const code = Number((await program.line(/^exit (-?\d+)$/))[1]);
      return { code, modesSame: program.lines.includes("modes same") };
    },
    signal: (name) => tell({ signal: name }),
  };
};
