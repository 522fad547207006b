import { pino } from "pino";
import type { Logger as PinoLogger } from "pino";
import pretty from "pino-pretty";

import type { Logger } from "../base/index.ts";
import type { LogOptions } from "../config/index.ts";
import type { AccessRecord, RequestWords } from "../gateway/index.ts";

import { combinedLine } from "./combined.ts";
import { readableRecord } from "./readable.ts";

/** Where log lines go. */
export interface LogOutput {
  write(text: string): unknown;
  /** Whether a person reads it on a terminal. */
  readonly isTTY?: boolean | undefined;
}

/**
 * The logger of the command line. Lines are written in this process and at once, so that none is lost when it ends.
 *
 * @param noColor whether the reader has asked for no colours (`NO_COLOR`)
 */
export function createLogger(log: LogOptions, output: LogOutput, noColor: boolean): PinoLogger {
  const terminal = output.isTTY === true;
  const options = {
    level: log.level,
    // Neither process nor host: who collects lines knows the host, and workers name themselves.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: pino.stdSerializers.errWithCause },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (logFormat(log, terminal) === "json") return pino(options, { write: (line: string) => void output.write(line) });
  const lines = pretty.prettyFactory({
    colorize: terminal && !noColor,
    translateTime: "SYS:HH:MM:ss.l",
    // The `error` of a record is a code: it belongs into the line, not below it.
    errorLikeObjectKeys: ["err"],
    singleLine: true,
  });
  return pino(options, { write: (line: string) => void output.write(lines(line)) });
}

/** How log lines are written once it is known who reads them. */
function logFormat(log: LogOptions, isTerminal: boolean): "pretty" | "json" {
  if (log.format !== "auto") return log.format;
  return isTerminal ? "pretty" : "json";
}

/** What a line may hold of a text that a client chose: workers share an output, and only short lines stay whole there. */
const TEXT_LENGTH_MAX = 1_024;

/**
 * Writes a line for each record, unless that is switched off: a sentence for people, every field for programs.
 *
 * @param output where the logger writes to
 */
export function logsRecords(
  logger: Logger,
  log: LogOptions,
  output: LogOutput,
): (record: AccessRecord, words: RequestWords | undefined) => void {
  if (log.access === "off") return () => {};
  if (logFormat(log, output.isTTY === true) === "pretty")
    return (record) => logger.info({ id: record.id }, cut(readableRecord(record)));
  if (log.accessFormat === "combined") {
    // Such a line has no level; it is written where lines of level `info` are.
    if (log.level !== "debug" && log.level !== "info") return () => {};
    return (record, words) => void output.write(`${combinedLine(shortened(record), shortenedWords(words))}\n`);
  }
  return (record) => logger.info(shortened(record), record.kind);
}

function shortened(record: AccessRecord): AccessRecord {
  return { ...record, path: cut(record.path), host: cut(record.host) };
}

function shortenedWords(words: RequestWords | undefined): RequestWords | undefined {
  if (words === undefined) return undefined;
  return { ...words, referer: cut(words.referer), userAgent: cut(words.userAgent) };
}

function cut<Text extends string | null | undefined>(text: Text): Text | string {
  return text === null || text === undefined || text.length <= TEXT_LENGTH_MAX
    ? text
    : `${text.slice(0, TEXT_LENGTH_MAX)}...`;
}
