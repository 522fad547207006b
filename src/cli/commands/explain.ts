import { z } from "zod";

import { explainConfig } from "../../config/index.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { loadNamed, writeWarnings } from "../load.ts";
import { FILE_OPERAND, judgeFile, namedFile } from "./check.ts";

/** Prints the effective configuration of a file. */
export const explainCommand = defineCommand({
  name: "explain",
  summary: "print the effective configuration with every default",
  description: "Print the effective configuration with every default, as YAML.",
  operands: [FILE_OPERAND],
  options: [],
  flags: z.object({}),
  judge: ({ operands }, io) => judgeFile(operands, io),
  run: ({ operands }, io) => {
    const { file, config, warnings } = loadNamed(namedFile(operands), io);
    writeWarnings(warnings, io);
    io.stdout.write(`# What ${file ?? ""} amounts to, with every default.\n${explainConfig(config)}`);
    return ExitCode.fine;
  },
});
