import { pino } from "pino";
import type { Logger as PinoLogger } from "pino";
import pretty from "pino-pretty";

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

/** The lines that a process writes, as the configuration in force wants them. */
export class Lines {
  readonly logger: PinoLogger;
  private log: LogOptions;
  private readonly output: LogOutput;

  /** @param fields what each line of the logger says beside its own */
  constructor(log: LogOptions, output: LogOutput, noColor: boolean, fields: Readonly<Record<string, unknown>> = {}) {
    this.log = log;
    this.output = output;
    this.logger = createLogger(log, output, noColor).child(fields);
  }

  /** Goes by other options from now on. The form of the lines stays as it was. */
  use(log: LogOptions): void {
    const { format, accessFormat } = this.log;
    this.log = { ...log, format, accessFormat };
    this.logger.level = log.level;
  }

  /** Writes a line for a record, unless that is switched off: a sentence for people, every field for programs. */
  readonly record = (record: AccessRecord, words: RequestWords | undefined): void => {
    const { log, logger, output } = this;
    if (log.access === "off") return;
    if (logFormat(log, output.isTTY === true) === "pretty") {
      logger.info({ id: record.id }, cut(readableRecord(record)));
    } else if (log.accessFormat === "json") {
      logger.info(shortened(record), record.kind);
    } else if (log.level === "debug" || log.level === "info") {
      // Such a line has no level; it is written where lines of level `info` are.
      output.write(`${combinedLine(shortened(record), shortenedWords(words))}\n`);
    }
  };
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
