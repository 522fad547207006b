import { EventEmitter } from "node:events";
import { main } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

/** What a command line has around it in a test. */
export interface Around {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly signals?: EventEmitter;
  readonly terminal?: Terminal;
  /** Told of everything that is printed, as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a command line to its end, with files that exist only for it. */
export const run = async (
  argv: readonly string[],
  { files = {}, env = {}, signals = new EventEmitter(), terminal, onOutput }: Around = {},
) => {
  let stdout = "";
  let stderr = "";
  const code = await main(argv, {
    stdout: {
      write: (text) => {
        stdout += text;
        onOutput?.(text);
      },
    },
    stderr: {
      write: (text) => {
        stderr += text;
        onOutput?.(text);
      },
    },
    env,
    cwd: "/srv/app",
    home: "/home/me",
    signals,
    terminal,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
      return text;
    },
  });
  return { code, stdout, stderr, lines: stdout.trimEnd().split("\n") };
};
