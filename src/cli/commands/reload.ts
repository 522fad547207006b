import { z } from "zod";

import { ADMIN_FLAGS, ADMIN_OPTIONS, withAdmin } from "../admin-flags.ts";
import { reloadSchema } from "../admin-shapes.ts";
import { defineCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { writeWarnings } from "../load.ts";

type Report = z.output<typeof reloadSchema>;

/** Has an instance read its configuration anew; its mistakes are thrown, and change nothing. */
export const reloadCommand = defineCommand({
  name: "reload",
  summary: "have a running instance read its configuration anew",
  description: "Have a running instance read its configuration anew, and print what that has changed.",
  operands: [],
  options: ADMIN_OPTIONS,
  flags: z.object(ADMIN_FLAGS),
  run: ({ flags }, io) =>
    withAdmin(flags, io, async (client) => {
      const report = await client.read(reloadSchema, ["reload"], { method: "POST" });
      if (!flags.json) writeWarnings(report.warnings, io);
      io.stdout.write(flags.json ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report));
      return ExitCode.fine;
    }),
});

function reportText({ outcome, revision, file, changes, overruled, needsRestart }: Report): string {
  const name = file ?? "the configuration";
  const head = outcome === "unchanged" ? `${name}: nothing has changed` : `${name}: reloaded, revision ${revision}`;
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
  const lines = [
    head,
    ...part("changed:", changes),
    ...part("changed at run time, and taken back by the file:", overruled),
    ...part("stays as it is until a restart:", needsRestart),
  ];
  return `${lines.join("\n")}\n`;
}
