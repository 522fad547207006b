/** What is served for the dashboard. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createAssets, MODULES } from "../../src/admin/assets.ts";

/** Bytes of script that the page may load. */
const SCRIPT_SIZE_MAX = 150_000;

const FOLDER = join(import.meta.dirname, "../../src/dashboard");
const assets = createAssets();

const asset = (path: string): string => {
  const found = assets(path);
  assert.ok(found !== undefined, `there is no ${path}`);
  return found.body.toString();
};

/** Paths that a module imports, as a browser reads them. */
const importsOf = (path: string): string[] =>
  [...asset(path).matchAll(/\b(?:from|import)\s*"([^"]+)"/g)].map(([, specifier = ""]) => {
    assert.match(specifier, /^\.\/[\w/-]+\.js$/, `${path} imports ${specifier}, which no browser finds`);
    return new URL(specifier, `http://localhost${path}`).pathname;
  });

const loaded = (path: string, seen = new Set<string>()): Set<string> => {
  if (!seen.has(path)) {
    seen.add(path);
    for (const next of importsOf(path)) loaded(next, seen);
  }
  return seen;
};

describe("the files of the dashboard", () => {
  test("are those in the folder, and the page loads every one of them", () => {
    const names = readdirSync(FOLDER).filter((name) => name.endsWith(".ts"));
    assert.deepEqual(MODULES.map((name) => `${name}.ts`).toSorted(), names.toSorted());
    const own = [...loaded("/dashboard/main.js")].filter((path) => !path.includes("/lib/"));
    assert.deepEqual(own.toSorted(), MODULES.map((name) => `/dashboard/${name}.js`).toSorted());
  });

  test(`have less than ${SCRIPT_SIZE_MAX} bytes of script`, () => {
    const sizes = [...loaded("/dashboard/main.js")].map((path) => asset(path).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total > 50_000 && total < SCRIPT_SIZE_MAX, `it has ${total}`);
  });

  test("have nothing inline, and name nothing that is elsewhere", () => {
    const page = asset("/");
    assert.doesNotMatch(page, /<style|style=|<script(?![^>]*src=)|\son\w+=|https?:/);
    for (const [, path = ""] of page.matchAll(/(?:src|href)="([^"]+)"/g)) asset(`/${path}`);
    for (const path of loaded("/dashboard/main.js")) assert.doesNotMatch(asset(path), /sourceMappingURL/);
  });

  test("say what they are, what they may do, and which version they are", () => {
    for (const [path, type] of [
      ["/", "text/html; charset=utf-8"],
      ["/dashboard/style.css", "text/css; charset=utf-8"],
      ["/dashboard/main.js", "text/javascript; charset=utf-8"],
      ["/dashboard/icon.svg", "image/svg+xml"],
    ] as const) {
      const found = assets(path);
      assert.equal(found?.headers["Content-Type"], type);
      assert.equal(found?.headers["X-Content-Type-Options"], "nosniff");
      assert.match(found?.headers["Content-Security-Policy"] ?? "", /^default-src 'none'; script-src 'self';/);
      assert.doesNotMatch(found?.headers["Content-Security-Policy"] ?? "", /unsafe/);
      assert.match(found?.etag ?? "", /^"[\w-]{22}"$/);
      assert.equal(found?.headers["ETag"], found?.etag);
      assert.equal(found?.headers["Content-Length"], String(found?.body.length));
      assert.equal(assets(path), found, "it is read once");
    }
  });

  test("are a fixed table: no path leads anywhere else", () => {
    for (const path of [
      "/dashboard/",
      "/dashboard/main.ts",
      "/dashboard/../admin/admin.js",
      "/dashboard/%2e%2e/admin/admin.js",
      "/dashboard/lib/../main.js",
      "/dashboard/lib/package.json",
      "/constructor",
      "//",
      "",
    ]) {
      assert.equal(assets(path), undefined, path);
    }
  });
});
