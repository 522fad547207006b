/** The page about the admin API is true. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test from "node:test";
import { promisify } from "node:util";

import { REFUSALS, STATUSES } from "../../src/admin/errors.ts";
import { createRoutes } from "../../src/admin/routes.ts";
import { blocks, plain, table } from "../docs/pages.ts";
import { needTool } from "../kit/tools.ts";
import { startFake } from "./fake.ts";

const CURL = "/usr/bin/curl";
/** What curl says when `--max-time` has ended a stream. */
const TIME_IS_UP = 28;

test("docs/admin-api.md has every route with its summary", () => {
  const listed = table("docs/admin-api.md", "| request | does |").map((row) => row.map(plain));
  const known = createRoutes().map(({ method, path, summary }) => [`${method} ${path}`, summary]);
  assert.deepEqual(listed, known);
});

test("docs/admin-api.md has every status with its codes", () => {
  const listed = table("docs/admin-api.md", "| status | code | when |").flatMap(([status, codes]) =>
    plain(codes)
      .split(", ")
      .map((code) => `${status} ${code}`),
  );
  const known = [...Object.entries(REFUSALS), ...Object.entries(STATUSES), ["INTERNAL", 500]];
  assert.deepEqual(listed.toSorted(), known.map(([code, status]) => `${status} ${code}`).toSorted());
});

const run = promisify(execFile);

test("every curl line of docs/admin-api.md works", async (t) => {
  if (!needTool(t, "curl", CURL)) return;
  const fake = await startFake(t);
  const lines = blocks("sh")
    .filter(({ page }) => page === "docs/admin-api.md")
    .flatMap(({ text }) => text.trim().split("\n"));
  assert.ok(lines.length >= 10);
  for (const line of lines) {
    const command = line
      .replace(/^curl /, `${CURL} --silent --show-error --fail --max-time ${line.includes(" -N ") ? "1" : "20"} `)
      .replace("127.0.0.1:8081", `127.0.0.1:${fake.port}`);
    const code = await run("/bin/sh", ["-c", command], { env: { ADMIN_TOKEN: "any" } }).then(
      () => 0,
      (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
    );
    assert.equal(code, line.includes(" -N ") ? TIME_IS_UP : 0, line);
  }
});
