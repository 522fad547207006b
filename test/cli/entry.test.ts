import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../bin", import.meta.url));
const ENTRY = join(BIN, "fairlead.cjs");
const folder = mkdtempSync(join(tmpdir(), "fairlead-entry-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs node with these arguments to its end. */
function node(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
  });
}

describe("bin/fairlead.cjs", () => {
  test("in a checkout it runs the source, without any warning of Node's or V8's", async () => {
    const { code, stdout, stderr } = await node([ENTRY, "--version"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  test("the exit code is the command line's", async () => {
    assert.equal((await node([ENTRY, "--nonsense"])).code, 2);
  });

  test("on a Node that is too old it says so in one line and exits with 2", async () => {
    for (const version of ["12.22.0", "20.20.2", "22.18.0"]) {
      const preload = join(folder, `node-${version}.cjs`);
      writeFileSync(preload, `Object.defineProperty(process.versions, "node", { value: "${version}" });`);
      const { code, stdout, stderr } = await node(["--require", preload, ENTRY, "--version"]);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.equal(stderr, `fairlead needs Node.js 22.19 or later; this is ${version}.\n`);
    }
  });

  test("without a source beside it, as in a package, it runs what was built", async () => {
    cpSync(BIN, join(folder, "bin"), { recursive: true });
    mkdirSync(join(folder, "dist", "cli"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "dist", "cli", "main.js"), "export const main = async (argv) => argv.length;");
    assert.equal((await node([join(folder, "bin", "fairlead.cjs"), "a", "b", "c"])).code, 3);
  });

  test("it is written so that old versions can read it", () => {
    const text = readFileSync(ENTRY, "utf8").replaceAll(/\/\/.*/g, "");
    assert.doesNotMatch(text, /=>|`|\b(let|const|class|async|await)\b|\?\.|\?\?/);
  });
});
