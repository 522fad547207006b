import { existsSync } from "node:fs";
import type { TestContext } from "node:test";

/**
 * Whether an outside tool that a test needs is there. Where it is missing the test is skipped by name; with `CI=true` it
 * fails, because there the tools are installed on purpose.
 *
 * @param path the tool's file, or the answer of a check of one's own
 */
export const needTool = (t: TestContext, name: string, path: string | boolean): boolean => {
  const present = typeof path === "boolean" ? path : existsSync(path);
  if (present) return true;
  if (process.env["CI"] === "true") throw new Error(`${name} is missing, and with CI=true nothing may be missing`);
  t.skip(`${name} is not installed`);
  return false;
};
