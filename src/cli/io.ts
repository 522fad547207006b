import { readFileSync } from "node:fs";
import { homedir } from "node:os";

import { readOrigin } from "../supervisor/index.ts";
import type { Origin } from "../supervisor/index.ts";

import type { Signals } from "./serve.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** A stream to write text to. */
export interface TextOutput {
  write(text: string): unknown;
  /** Whether a person reads it on a terminal. */
  readonly isTTY?: boolean | undefined;
}

/** What the command line has around it; an argument, so that tests can give their own. */
export interface Io {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string | undefined;
  readonly readFile: (path: string) => string;
  /** Where signals that ask for an end come from. */
  readonly signals: Signals;
  /**
   * Finds out how this process came to be, once; undefined where that does not matter.
   *
   * @throws FairleadError LISTEN_FAILED when what it is told of its sockets contradicts itself
   */
  readonly origin?: (() => Origin) | undefined;
  /** Where a person types and reads; undefined where input or output is no terminal. */
  readonly terminal?: Terminal | undefined;
}

/** The surroundings of this process. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreBrokenPipe);
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    home: homeFolder(),
    readFile: (path) => readFileSync(path, "utf8"),
    signals: process,
    origin: readOrigin,
    terminal: processTerminal(),
  };
}

/** A reader that has had enough (`fairlead schema | head`) is no reason to fail. */
function ignoreBrokenPipe(error: Error & { readonly code?: string }): void {
  if (error.code !== "EPIPE") throw error;
}

/** A user without an entry in the system's list has no home folder, and can do without. */
function homeFolder(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
