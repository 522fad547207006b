import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import { programFile, runProgram, type Program, type ProgramBackend } from "./processes.ts";
import { needTool } from "./tools.ts";

/** Debian's own interpreter: the one that Debian's packages belong to. */
const PYTHON = "/usr/bin/python3";

const hasWebsockets = (): boolean => spawnSync(PYTHON, ["-c", "import websockets"], { stdio: "ignore" }).status === 0;

/** Whether Python's websockets can be used in this test. */
export const needPython = (t: TestContext): boolean =>
  needTool(t, "Python's websockets (python3-websockets)", hasWebsockets());

/** An echo backend with Python's websockets. */
export const startPythonEcho = async (t: TestContext): Promise<ProgramBackend> => {
  const program = runProgram(t, PYTHON, ["-u", programFile("echo.py")]);
  const port = Number((await program.line(/^listening (\d+)$/))[1]);
  return Object.assign(program, { port, url: `ws://127.0.0.1:${port}` });
};

/** A client with Python's websockets; see its program for what it says. */
export const startPythonClient = (t: TestContext, url: string): Program =>
  runProgram(t, PYTHON, ["-u", programFile("client.py"), url]);
