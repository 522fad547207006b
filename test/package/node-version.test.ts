import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needTool } from "../kit/tools.ts";
import { majorOf, nodeOnPath, otherNodes } from "./nodes.ts";
import { run } from "./npm.ts";
import { ROOT } from "./pack.ts";

const OLD_MAJOR = 20;

describe("started by hand on a Node that is too old", () => {
  const nodes = otherNodes();
  after(() => nodes.remove());

  for (const args of [[], ["--version"], ["serve", "ws://127.0.0.1:1"]]) {
    test(`"fairlead ${args.join(" ")}" says in one line what it needs, and exits 2`, async (t) => {
      const old = (await nodeOnPath((version) => majorOf(version) <= OLD_MAJOR)) ?? (await nodes.get(OLD_MAJOR));
      if (!needTool(t, `Node ${OLD_MAJOR}`, old !== undefined) || old === undefined) return;
      const { code, stdout, stderr } = await run(old, [join(ROOT, "bin/fairlead.cjs"), ...args], tmpdir());
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^[^\n]*22\.19[^\n]*\n$/);
      const { stdout: version } = await run(old, ["--version"], tmpdir());
      assert.ok(stderr.includes(version.trim().slice(1)), `it does not say which one this is: ${stderr}`);
    });
  }
});
