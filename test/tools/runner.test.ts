import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { PassResult } from "../../tools/testing/pass.ts";
import { runPass } from "../../tools/testing/pass.ts";
import { isolationOption, select } from "../../tools/testing/select.ts";

const FILES = [
  "test/http/head.test.ts",
  "test/http/cookies.test.ts",
  "test/stories/chat.test.ts",
  "test/cli/usage.test.ts",
];

describe("which tests are run, and how", () => {
  test("tests of rooms share a process, tests that start processes get their own", () => {
    const { shared, isolated, unmatched } = select(FILES, []);
    assert.deepEqual(shared, FILES.slice(0, 2));
    assert.deepEqual(isolated, FILES.slice(2));
    assert.deepEqual(unmatched, []);
  });

  test("a filter is a folder, a file or a part of a path", () => {
    assert.deepEqual(select(FILES, ["test/http"]).shared, FILES.slice(0, 2));
    assert.deepEqual(select(FILES, ["./test/http/head.test.ts"]).shared, FILES.slice(0, 1));
    assert.deepEqual(select(FILES, ["cookies", "chat"]), { shared: [FILES[1]], isolated: [FILES[2]], unmatched: [] });
  });

  test("a filter that nothing matches is told", () => {
    assert.deepEqual(select(FILES, ["htpp", "chat"]).unmatched, ["htpp"]);
  });

  test("the option that turns isolation off is named as the running node knows it", () => {
    assert.equal(isolationOption("22.19.0"), "--experimental-test-isolation");
    assert.equal(isolationOption("24.21.0"), "--test-isolation");
    assert.equal(isolationOption("26.1.0"), "--test-isolation");
  });
});

describe("a pass", () => {
  /** Runs one test file of its own, quietly: what the inner runner prints goes nowhere. */
  async function passOver(t: TestContext, body: string, timeout = 30_000): Promise<PassResult> {
    const root = mkdtempSync(join(tmpdir(), "fairlead-pass-"));
    t.after(() => rmSync(root, { recursive: true }));
    const file = join(root, "inner.test.mjs");
    writeFileSync(file, `import test from "node:test";\nimport { spawn } from "node:child_process";\n${body}\n`);
    return runPass({ root, files: [file], options: [], timeout, endingTimeout: 1_000, output: "keep" });
  }

  test("tells which tests passed, failed and were skipped, and why", async (t) => {
    const result = await passOver(
      t,
      `test("good", () => {});
       test("bad", () => { throw new Error("planted"); });
       test("absent", (t) => t.skip("Chromium is not installed"));`,
    );
    assert.deepEqual(
      result.tests.map(({ name, result: verdict, reason }) => [name, verdict, reason]),
      [
        ["good", "passed", ""],
        ["bad", "failed", ""],
        ["absent", "skipped", "Chromium is not installed"],
      ],
    );
    assert.deepEqual(result.troubles, []);
    assert.match(result.printed, /planted/);
  });

  test("ends, and fails, when a test leaves a handle open", async (t) => {
    const result = await passOver(t, `test("leaks", () => { setInterval(() => {}, 1_000); });`);
    assert.match(result.troubles.join(), /left something open/);
  });

  test("fails when the process dies before its tests are done", async (t) => {
    const result = await passOver(t, `test("dies", () => { process.kill(process.pid, "SIGKILL"); });`);
    assert.match(result.troubles.join(), /before its tests were done/);
  });

  test("fails when a test file cannot even be loaded", async (t) => {
    const result = await passOver(t, "throw new Error('planted');");
    assert.deepEqual(
      result.tests.map(({ result: verdict }) => verdict),
      ["failed"],
    );
  });

  test("is ended when it takes too long", async (t) => {
    const body = `test("waits", () => new Promise((resolve) => setTimeout(resolve, 60_000)));`;
    const result = await passOver(t, body, 1_000);
    assert.match(result.troubles.join(), /not done after 1 s/);
  });

  test("tells of a process that a test left behind, and ends it", { skip: process.platform !== "linux" }, async (t) => {
    const body = `test("spawns", () => { spawn("sleep", ["6543"], { stdio: "ignore" }).unref(); });`;
    const result = await passOver(t, body);
    assert.match(result.troubles.join(), /left a process behind: \d+ sleep 6543/);
  });
});
