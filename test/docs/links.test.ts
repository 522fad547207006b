/** Every link leads somewhere, and every file that a page names is there. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import test from "node:test";

import { page, PAGES, ROOT } from "./pages.ts";

/** A page without its blocks of code. */
const prose = (path: string): string => page(path).replaceAll(/^```.*?^```$/gms, "");

/** The anchors that headings get, as GitHub makes them. */
const anchors = (path: string): Set<string> =>
  new Set(
    [...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(/\s/g, "-"),
    ),
  );

const linkProblem = (from: string, link: string): string | undefined => {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? from : posix.join(posix.dirname(from), path);
  if (!existsSync(join(ROOT, target))) return `${from} links to ${target}, which does not exist`;
  if (anchor === undefined || !target.endsWith(".md") || anchors(target).has(anchor)) return undefined;
  return `${from} links to ${target}#${anchor}, and there is no such heading`;
};

test("every relative link of every page resolves, its heading included", () => {
  // The introduction becomes a part of docs/configuration.md, and is read there.
  const problems = PAGES.filter((from) => from !== "tools/reference-introduction.md").flatMap((from) =>
    [...prose(from).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = ""]) => link)
      .filter((link) => !/^[a-z]+:/.test(link))
      .map((link) => linkProblem(from, link))
      .filter((problem) => problem !== undefined),
  );
  assert.deepEqual(problems, []);
});

test("every file of the project that a page names in code exists", () => {
  const named = PAGES.flatMap((from) =>
    [...prose(from).matchAll(/`((?:src|test|tools|docs|examples|bin)\/[\w./-]*)`/g)].map(([, path = ""]) => ({
      from,
      path,
    })),
  );
  assert.ok(named.length > 20);
  // The files of the method that CONTRIBUTING.md adds as an example are not there.
  const missing = named.filter(({ path }) => !/\/uniform\./.test(path) && !existsSync(join(ROOT, path)));
  assert.deepEqual(missing, []);
});
