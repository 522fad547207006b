/** Declarations that the package has to hold. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { pruneDeclarations } from "../../tools/declarations.ts";

test("what the entry leads to stays, in whatever way it is imported; all other declarations go, and nothing else", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-declarations-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = {
    "index.d.ts": `import type { A } from "./a/index.ts";\nexport { b } from './b.ts';\nexport type C = import("./c.ts").C;\n`,
    "a/index.d.ts": `export * from "./deep.js";\nimport { z } from "zod";\n`,
    "a/deep.d.ts": `import "../b.ts";\n`,
    "b.d.ts": "export declare const b: 1;\n",
    "c.d.ts": "export type C = 1;\n",
    "unused.d.ts": `import "./index.ts";\n`,
    "a/unused.d.ts": "",
    "unused.js": "",
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text.replaceAll("'", '"'));
  }
  pruneDeclarations(folder, join(folder, "index.d.ts"));
  const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.deepEqual(
    left.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).toSorted(),
    Object.keys(files)
      .filter((name) => !name.endsWith("unused.d.ts"))
      .toSorted(),
  );
});
