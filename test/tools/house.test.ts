import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import type { SourceFile } from "../../tools/house/facts.ts";
import { readFacts } from "../../tools/house/facts.ts";
import type { House } from "../../tools/house/house.ts";
import { formatViolation } from "../../tools/house/house.ts";
import { loadHouse } from "../../tools/house/load.ts";
import * as rules from "../../tools/house/rules.ts";

const TABLE = { base: 0, http: 1, websocket: 1, balancing: 3, relay: 5, supervisor: 9, cli: 10 };

/** A small house that keeps every rule. */
const CLEAN: Readonly<Record<string, string>> = {
  "src/base/index.ts": 'export { now } from "./clock.ts";\n',
  "src/base/clock.ts": "export const now = (): number => Date.now() + performance.now();\n",
  "src/http/index.ts":
    'import { z } from "zod";\nimport { now } from "../base/index.ts";\nexport const at = z.literal(now());\n',
  "src/websocket/index.ts": 'import { createHash } from "node:crypto";\nexport const hash = createHash;\n',
  "src/balancing/index.ts": 'export type { at } from "../http/index.ts";\n',
  "src/relay/index.ts": 'import { connect } from "node:net";\nexport const relay = [connect, setTimeout];\n',
  "src/supervisor/index.ts": "export const pid = process.pid;\n",
  "src/cli/main.ts": 'import { pid } from "../supervisor/index.ts";\nconsole.log(pid, await import("yaml"));\n',
  "src/index.ts": 'export { relay } from "./relay/index.ts";\n',
  "test/http/at.test.ts":
    'import { check } from "fast-check";\nimport { at } from "../../src/http/index.ts";\ncheck(at);\n',
};

function houseOf(files: Readonly<Record<string, string>>): House {
  const texts: SourceFile[] = Object.entries(files).map(([path, text]) => ({ path, text }));
  return {
    sources: texts.filter(({ path }) => path.endsWith(".ts")).map(readFacts),
    texts,
    listed: Object.keys(files).filter((path) => path.endsWith(".ts")),
    dependencies: ["zod", "yaml"],
    devDependencies: ["fast-check"],
    ownName: "fairlead",
    floors: TABLE,
  };
}

/** What a rule says of the clean house with some files put in or replaced. */
const said = (rule: rules.Rule, changed: Readonly<Record<string, string>>): string[] =>
  rule(houseOf({ ...CLEAN, ...changed })).map(formatViolation);

/** Asserts that exactly one thing is found, and what is said of it. */
function caught(rule: rules.Rule, changed: Readonly<Record<string, string>>, expected: RegExp): void {
  const found = said(rule, changed);
  assert.equal(found.length, 1, `found: ${found.join(" | ") || "nothing"}`);
  assert.match(found[0] ?? "", expected);
}

describe("the rules of the house", () => {
  test("a clean tree breaks none of them", () => {
    for (const [name, rule] of Object.entries(rules.RULES)) assert.deepEqual(said(rule, {}), [], name);
  });

  test("every rule that is exported is run", () => {
    const exported = Object.entries(rules).filter(([name]) => name !== "RULES");
    assert.deepEqual(new Set(exported.map(([, rule]) => rule)), new Set(Object.values(rules.RULES)));
  });

  test("a file that cannot be parsed is named", () => {
    caught(rules.readable, { "src/http/head.ts": "export const = 1;\n" }, /^src\/http\/head\.ts: /);
  });
});

describe("floors", () => {
  const head = "src/http/head.ts";
  for (const [kind, statement] of Object.entries({
    "a static import": 'import { pid } from "../supervisor/index.ts";',
    "an import of a type": 'import type { Pid } from "../supervisor/index.ts";',
    "an import for its effect": 'import "../supervisor/index.ts";',
    "a re-export": 'export { pid } from "../supervisor/index.ts";',
    "a re-export of everything": 'export * from "../supervisor/index.ts";',
    "a dynamic import": 'await import("../supervisor/index.ts");',
    "a type written as an import": 'type T = import("../supervisor/index.ts").T;',
    "an import in the old form": 'import old = require("../supervisor/index.ts");',
  })) {
    test(`${kind} from a higher floor is caught, with its line`, () => {
      caught(
        rules.floors,
        { [head]: `\n\n${statement}\n` },
        /^src\/http\/head\.ts:3: http \(floor 1\) imports upwards from/,
      );
    });
  }

  test("an import from the same floor is caught", () => {
    caught(rules.floors, { [head]: 'import "../websocket/index.ts";\n' }, /:1: http imports sideways from websocket/);
  });

  test("an import past another room's door is caught", () => {
    caught(
      rules.floors,
      { [head]: 'import "../base/clock.ts";\n' },
      /reaches into base past its door; import src\/base\/index/,
    );
  });

  test("an import of the own room's door is caught", () => {
    caught(rules.floors, { [head]: 'import "./index.ts";\n' }, /imports its own room's index\.ts/);
  });

  test("an import from outside of the rooms is caught", () => {
    caught(
      rules.floors,
      { [head]: 'import "../../test/kit/raw.ts";\n' },
      /imports test\/kit\/raw\.ts, which is in no room/,
    );
  });

  test("an import whose name is computed is caught", () => {
    caught(rules.floors, { [head]: "const a = `./b`;\nawait import(a);\n" }, /:2: imports a computed name/);
  });

  test("the library's door and the command line stand beside each other", () => {
    caught(rules.floors, { "src/cli/main.ts": 'import "../index.ts";\n' }, /cli imports sideways from \(door\)/);
    caught(
      rules.floors,
      { "src/relay/a.ts": 'import "../index.ts";\n' },
      /relay \(floor 5\) imports upwards from \(door\)/,
    );
  });
});

describe("process", () => {
  for (const use of [
    'import "node:process";',
    "const a = process.env;",
    "globalThis.process.exit();",
    "const a = { process };",
  ]) {
    test(`${use} outside of supervisor and cli is caught`, () => {
      caught(rules.processAccess, { "src/relay/a.ts": `${use}\n` }, /^src\/relay\/a\.ts:1: touches process/);
    });
  }

  test("members and keys of that name are nobody's business", () => {
    const text = "export class A { process(): void {} }\nnew A().process();\nexport const b = { process: 1 };\n";
    assert.deepEqual(said(rules.processAccess, { "src/relay/a.ts": text }), []);
  });
});

describe("purity", () => {
  for (const name of [
    "node:net",
    "node:http",
    "node:fs/promises",
    "node:timers",
    "node:dns",
    "node:cluster",
    "undici",
    "pino",
  ]) {
    test(`an import of ${name} in a pure room is caught`, () => {
      caught(rules.purity, { "src/balancing/a.ts": `import "${name}";\n` }, /:1: a pure room imports /);
    });
  }

  for (const [use, name] of Object.entries({
    "setTimeout(f, 1)": "setTimeout",
    "setInterval(f, 1)": "setInterval",
    "Date.now()": "Date.now",
    "new Date()": "new Date()",
    "Math.random()": "Math.random",
    "const roll = Math.random": "Math.random",
    "performance.now()": "performance",
    "globalThis.setTimeout(f, 1)": "setTimeout",
    'fetch("http://localhost")': "fetch",
  })) {
    test(`${use} in a pure room is caught`, () => {
      const found = said(rules.purity, { "src/balancing/a.ts": `${use};\n` });
      assert.equal(found.length, 1, found.join(" | "));
      assert.ok(found[0]?.includes(`a pure room uses ${name}; it gets`), found[0]);
    });
  }

  test("a file that holds a piece of the world may use that piece and no other", () => {
    caught(rules.purity, { "src/base/clock.ts": "performance.now(); setTimeout(f, 1);\n" }, /uses setTimeout/);
  });

  test("rooms above the pure floors are free to use the world", () => {
    const text = 'import "node:net";\nimport "undici";\nsetTimeout(f, Date.now());\n';
    assert.deepEqual(said(rules.purity, { "src/relay/a.ts": text }), []);
  });
});

describe("lengths", () => {
  const lines = (count: number): string => "  void 0;\n".repeat(count);

  test("a function of 71 lines is caught by its name, one of 70 is not", () => {
    const longest = `export function longest() {\n${lines(68)}}\n`;
    assert.deepEqual(said(rules.lengths, { "src/http/a.ts": longest }), []);
    const tooLong = (head: string): string => `${head} {\n${lines(69)}}\n`;
    caught(rules.lengths, { "src/http/a.ts": tooLong("function big()") }, /^src\/http\/a\.ts:1: big has 71 lines/);
    caught(rules.lengths, { "tools/a.ts": tooLong("const arrow = () =>") }, /arrow has 71 lines/);
    const method = `class A {\n${tooLong("grow()")}}\n`;
    caught(rules.lengths, { "src/http/a.ts": method }, /^src\/http\/a\.ts:2: grow has 71 lines/);
  });

  test("a suite of tests may be long", () => {
    const suite = `describe("x", () => {\n${lines(100)}});\n`;
    assert.deepEqual(said(rules.lengths, { "test/http/a.test.ts": suite }), []);
  });

  test("a file of 401 lines is caught, one of 400 is not", () => {
    assert.deepEqual(said(rules.lengths, { "src/http/a.ts": lines(400) }), []);
    caught(rules.lengths, { "src/http/a.ts": lines(401) }, /^src\/http\/a\.ts: has 401 lines/);
  });
});

describe("rooms", () => {
  test("a room without a floor is caught", () => {
    caught(rules.rooms, { "src/attic/index.ts": "export {};\n" }, /^src\/attic: has no floor/);
  });

  test("a room without a door is caught", () => {
    const house = houseOf({ ...CLEAN, "src/relay/relay.ts": "export {};\n" });
    const sources = house.sources.filter(({ path }) => path !== "src/relay/index.ts");
    assert.deepEqual(rules.rooms({ ...house, sources }).map(formatViolation), [
      "src/relay: has no door; add src/relay/index.ts",
    ]);
  });

  test("a floor without a room is caught", () => {
    const found = rules.rooms({ ...houseOf(CLEAN), floors: { ...TABLE, cellar: 0 } }).map(formatViolation);
    assert.deepEqual(found, ["src/cellar: has a floor but no files; take it out of FLOORS"]);
  });

  test("a file beside the rooms is caught", () => {
    caught(rules.rooms, { "src/stray.ts": "export {};\n" }, /^src\/stray\.ts: lies in no room/);
  });
});

describe("imports", () => {
  test("a relative import without its ending is caught", () => {
    caught(rules.imports, { "src/http/a.ts": 'import "./head";\n' }, /:1: imports \.\/head; end it in \.ts/);
    caught(rules.imports, { "src/http/a.ts": 'import "./head.js";\n' }, /end it in \.ts/);
  });

  test("a module of node without node: and a package that is not declared are caught", () => {
    caught(rules.imports, { "src/relay/a.ts": 'import "fs";\n' }, /declare fs in dependencies, or write node: before/);
    caught(rules.imports, { "test/a.test.ts": 'import "@a/b/c";\n' }, /declare @a\/b in devDependencies/);
  });

  test("what is installed for development only is caught in src and free in tests", () => {
    caught(rules.imports, { "src/relay/a.ts": 'import "fast-check";\n' }, /declare fast-check in dependencies/);
    assert.deepEqual(said(rules.imports, { "examples/a.ts": 'import "fairlead";\nimport "fast-check";\n' }), []);
  });
});

describe("what runs in browsers", () => {
  const page = "src/dashboard/main.ts";

  test("knows other rooms by types alone", () => {
    caught(rules.browser, { [page]: 'import { at } from "../http/index.ts";\n' }, /runs in browsers and imports http;/);
    caught(rules.browser, { [page]: 'export { at } from "../http/index.ts";\n' }, /runs in browsers and imports http;/);
    for (const statement of [
      'import type { at } from "../http/index.ts";',
      'export type { at } from "../http/index.ts";',
      'type T = import("../http/index.ts").T;',
      'import "./view.ts";',
    ]) {
      assert.deepEqual(said(rules.browser, { [page]: `${statement}\n` }), [], statement);
    }
  });

  test("uses no module of node, and only libraries for browsers", () => {
    caught(rules.browser, { [page]: 'import "node:fs";\n' }, /:1: runs in browsers and imports node:fs;/);
    caught(rules.browser, { [page]: 'import "zod";\n' }, /it may use @preact\/signals, htm/);
    assert.deepEqual(said(rules.browser, { [page]: 'import { h } from "preact";\n' }), []);
  });

  test("is imported by no room", () => {
    caught(
      rules.browser,
      { "src/cli/main.ts": 'import "../dashboard/main.ts";\n' },
      /imports from dashboard, which runs/,
    );
  });

  test("has main.ts for a door", () => {
    const floors = { ...TABLE, dashboard: 8 };
    assert.deepEqual(rules.rooms({ ...houseOf({ ...CLEAN, [page]: "export {};\n" }), floors }), []);
    const without = houseOf({ ...CLEAN, "src/dashboard/view.ts": "export {};\n" });
    assert.match(
      rules
        .rooms({ ...without, floors })
        .map(formatViolation)
        .join("|"),
      /^src\/dashboard: has no door;[^|]*$/,
    );
  });
});

describe("wording", () => {
  // In two pieces each, since this file is checked as well.
  for (const [first, second] of [
    ["TO", "DO: later"],
    ["FIX", "ME"],
    ["x as a", "ny;"],
    ["// @ts-", "ignore"],
    ["cd /wo", "rk/main"],
    ['"/ro', 'ot/.npmrc"'],
    ["see ../sh", "ared"],
  ] as const) {
    const word = first + second;
    test(`${word} is caught in any file`, () => {
      caught(rules.wording, { "docs/guide.md": `fine\n${word}\n` }, /^docs\/guide\.md:2: says /);
    });
  }

  test("prose, paths of a URL and longer words are left alone", () => {
    const text = "as any other, https://example.com/work/shop, ./src/root/a, todos\n";
    assert.deepEqual(said(rules.wording, { "README.md": text }), []);
  });
});

describe("completeness", () => {
  test("a file that the walk missed is caught, and one that git ignores", () => {
    const house = houseOf(CLEAN);
    const missed = rules.complete({ ...house, listed: [...house.listed, "src/http/new.ts"] });
    assert.deepEqual(missed.map(formatViolation), ["src/http/new.ts: was not read; the walk missed it"]);
    const ignored = rules.complete({ ...house, listed: house.listed.filter((path) => path !== "src/index.ts") });
    assert.match(ignored.map(formatViolation).join(), /^src\/index\.ts: is on disk but ignored by git/);
  });

  test("a walk that finds nothing is caught", () => {
    const nothing = rules.complete({ ...houseOf(CLEAN), sources: [], listed: [] });
    assert.deepEqual(nothing.map(formatViolation), ["src: no file was read; the walk is broken"]);
  });

  test("the loader reads a tree from disk, and leaves out what was installed into it", (t) => {
    const root = mkdtempSync(join(tmpdir(), "fairlead-house-"));
    t.after(() => rmSync(root, { recursive: true }));
    const manifest = JSON.stringify({
      name: "fairlead",
      dependencies: { zod: "4", yaml: "2" },
      devDependencies: { "fast-check": "4" },
    });
    const files = { ...CLEAN, "package.json": manifest };
    for (const [path, text] of Object.entries({ ...files, "examples/x/node_modules/y/index.ts": "process.exit()" })) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const house = { ...loadHouse(root, () => Object.keys(files)), floors: TABLE };
    assert.equal(house.sources.length, Object.keys(CLEAN).length);
    assert.equal(house.texts.length, Object.keys(files).length);
    for (const [name, rule] of Object.entries(rules.RULES)) assert.deepEqual(rule(house), [], name);
  });
});
