import { readFileSync } from "node:fs";

import { z } from "zod";

// Two folders up in a checkout (src/cli) and in the package (dist/cli) alike.
const MANIFEST = new URL("../../package.json", import.meta.url);

/** The version of this fairlead, as its manifest has it. */
export function version(): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(MANIFEST, "utf8"))).version;
}
