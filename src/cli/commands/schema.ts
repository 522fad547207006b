import { z } from "zod";

import { jsonSchema } from "../../config/index.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

/** Prints the JSON Schema. */
export const schemaCommand = defineCommand({
  name: "schema",
  summary: "print the JSON Schema of configurations, for editors",
  description: "Print the JSON Schema of configurations, for editors.",
  operands: [],
  options: [],
  flags: z.object({}),
  run: (_given, io) => {
    io.stdout.write(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
    return ExitCode.fine;
  },
});
