/** What a missing outside tool does to a test: it is skipped by name, but fails where everything should be there. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { needTool } from "./tools.ts";

/** A context that only notes why it was skipped. */
const noting = (): { readonly t: TestContext; readonly skipped: string[] } => {
  const skipped: string[] = [];
  const t = { skip: (message?: string) => void skipped.push(message ?? "") };
  return { t: t as unknown as TestContext, skipped }; // needTool uses nothing else of it
};

const withCI = (value: string | undefined, run: () => void): void => {
  const before = process.env["CI"];
  if (value === undefined) delete process.env["CI"];
  else process.env["CI"] = value;
  try {
    run();
  } finally {
    if (before === undefined) delete process.env["CI"];
    else process.env["CI"] = before;
  }
};

test("a tool that is there skips nothing", () => {
  const { t, skipped } = noting();
  assert.equal(needTool(t, "Node", process.execPath), true);
  assert.deepEqual(skipped, []);
});

test("a missing tool skips the test and says which tool it is", () => {
  const { t, skipped } = noting();
  withCI(undefined, () => assert.equal(needTool(t, "Sextant", "/nowhere/sextant"), false));
  assert.deepEqual(skipped, ["Sextant is not installed"]);
});

test("with CI=true a missing tool is a failure", () => {
  const { t } = noting();
  withCI("true", () => assert.throws(() => needTool(t, "Sextant", false), /Sextant is missing/));
});
