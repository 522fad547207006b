import { Option } from "commander";
import { z } from "zod";

import { diffConfigs, formatDiff } from "../../config/index.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { switchFlag } from "../flags.ts";
import type { Io } from "../io.ts";
import { loadBoth, writeWarnings } from "../load.ts";

const OPERANDS = [
  { name: "OLD", meaning: "a configuration file", required: true },
  { name: "NEW", meaning: "another", required: true },
] as const;

/** Prints what a reload from one file to the other does; the mistakes of both are thrown, all at once. */
export const diffCommand = defineCommand({
  name: "diff",
  summary: "print what a reload from one configuration to the other does",
  description: "Print what a reload from one configuration to the other does.",
  operands: OPERANDS,
  operandsAre: "two configuration files",
  options: [
    new Option("--json", "print it for programs"),
    new Option("--exit-code", "exit with 1 when the two differ, with 0 when they do not"),
  ],
  flags: z.object({ json: switchFlag, exitCode: switchFlag }),
  judge: ({ operands }, io) => void load(operands, io),
  run: ({ operands, flags }, io) => {
    const { before, after, warnings } = load(operands, io);
    writeWarnings(warnings, io);
    const diff = diffConfigs(before, after);
    const differs = diff.length > 0;
    io.stdout.write(
      flags.json ? `${JSON.stringify({ differs, differences: diff }, undefined, 2)}\n` : formatDiff(diff),
    );
    return differs && flags.exitCode ? ExitCode.differs : ExitCode.fine;
  },
});

function load(operands: readonly string[], io: Io): ReturnType<typeof loadBoth> {
  return loadBoth(
    operands.map((file, index) => ({ file, by: OPERANDS[index]?.name ?? "" })),
    io,
  );
}
