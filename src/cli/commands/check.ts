import { z } from "zod";

import type { Config } from "../../config/index.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { hasWork, loadFor, loadNamed, type NamedFile, writeWarnings } from "../load.ts";
import { counted } from "../format.ts";

/** The file of `check` and `explain`. */
export const FILE_OPERAND = { name: "FILE", meaning: "the file; by default the one that would be found" } as const;

/** Judges a file: one line when it is right; mistakes are thrown. */
export const checkCommand = defineCommand({
  name: "check",
  summary: "report every mistake of a configuration, and warnings",
  description: "Report every mistake of a configuration at once, and warnings.",
  operands: [FILE_OPERAND],
  options: [],
  flags: z.object({}),
  judge: ({ operands }, io) => judgeFile(operands, io),
  run: ({ operands }, io) => {
    const { file, config, warnings } = loadNamed(namedFile(operands), io);
    writeWarnings(warnings, io);
    io.stdout.write(`${file ?? ""}: fine (${summary(config)})\n`);
    return ExitCode.fine;
  },
});

/** The file that the operands of `check` or `explain` name. */
export function namedFile(operands: readonly string[]): NamedFile {
  return { file: operands[0], by: FILE_OPERAND.name };
}

/** Throws the mistakes of the file that would be read, if there is one. */
export function judgeFile(operands: readonly string[], io: Io): void {
  const named = namedFile(operands);
  if (hasWork(named, [], io)) loadFor(named, io);
}

function summary(config: Config): string {
  const pools = Object.values(config.pools);
  const backends = pools.reduce((sum, pool) => sum + pool.backends.length, 0);
  return [
    counted(config.listeners.length, "listener"),
    counted(config.routes.length, "route"),
    counted(pools.length, "pool"),
    counted(backends, "backend"),
  ].join(", ");
}
