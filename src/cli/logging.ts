import { pino } from "pino";
import pretty from "pino-pretty";

import type { Logger } from "../base/index.ts";
import type { LogOptions } from "../config/index.ts";
import type { Io } from "./io.ts";

/** How log lines are written once it is known who reads them. */
export function logFormat(log: LogOptions, isTerminal: boolean): "pretty" | "json" {
  if (log.format !== "auto") return log.format;
  return isTerminal ? "pretty" : "json";
}

/**
 * The logger of the command line, on standard output. Lines are written in this process and at once, so that none is
 * lost when it ends; colours only where a terminal shows them and `NO_COLOR` is not set.
 */
export function createLogger(log: LogOptions, io: Pick<Io, "stdout" | "env">): Logger {
  const terminal = io.stdout.isTTY === true;
  const options = {
    level: log.level,
    // Neither process nor host: who collects lines knows the host, and workers name themselves.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const destination = { write: (line: string) => void io.stdout.write(line) };
  if (logFormat(log, terminal) === "json") return pino(options, destination);
  const colorize = terminal && (io.env["NO_COLOR"] ?? "") === "";
  const lines = pretty.prettyFactory({ colorize, translateTime: "SYS:HH:MM:ss.l", singleLine: true });
  return pino(options, { write: (line: string) => void io.stdout.write(lines(line)) });
}
