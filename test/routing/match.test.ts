import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { describeMatch, type RouteMatch, routeMatchSchema } from "../../src/routing/index.ts";

/** What the schema says of an input: path and message of every issue. */
function problems(input: unknown): string[] {
  const result = routeMatchSchema.safeParse(input);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("the schema of matches", () => {
  test("takes every documented form as it is", () => {
    const forms: RouteMatch[] = [
      {},
      { host: "chat.example.com" },
      { host: "*.example.com" },
      { host: "[::1]" },
      { path: "/" },
      { path: "/chat/" },
      { path: { exact: "/a*" } },
      { path: { prefix: "/a" } },
      { path: { regex: "^/a/(b|c)$" } },
      { headers: { "X-A": "b", "X-B": { regex: "c" }, "X-C": { present: true } } },
    ];
    for (const form of forms) {
      assert.deepEqual(routeMatchSchema.parse(form), form);
    }
  });

  const bad: [unknown, RegExp][] = [
    [{ host: "" }, /^host: expected a host such as/],
    [{ host: "https://a" }, /^host: expected a host/],
    [{ host: "a.*.b" }, /^host: expected a host/],
    [{ host: "*" }, /^host: expected a host/],
    [{ host: "A.b:8080" }, /^host: a route matches on every port; write "a\.b"/],
    [{ path: "chat" }, /^path: expected a path that begins with "\/", found "chat"/],
    [{ path: "/chat?x" }, /^path: expected a path without query/],
    [{ path: "/chat/*" }, /^path: a path matches everything below it; write "\/chat"/],
    [{ path: "/*" }, /write "\/"/],
    [{ path: { exact: "/a b" } }, /^path\.exact: expected a path without/],
    [{ path: { prefix: "a" } }, /^path\.prefix: expected a path that begins/],
    [{ path: { regex: "/room/(" } }, /^path\.regex: expected a regular expression of JavaScript: .*Unterminated group/],
    [{ path: { glob: "/a" } }, /^path: expected a path such as "\/chat", or one of/],
    [{ path: { exact: "/a", regex: "b" } }, /^path: expected a path such as/],
    [{ path: 7 }, /^path: expected a path such as/],
    [{ headers: { "a b": "c" } }, /^headers\.a b: expected the name of a header/],
    [{ headers: { A: { regex: "[" } } }, /^headers\.A\.regex: expected a regular expression/],
    [{ headers: { A: { present: false } } }, /^headers\.A: expected the header's value, or one of/],
    [{ hots: "a" }, /Unrecognized key: "hots"/],
  ];
  for (const [input, message] of bad) {
    test(`refuses ${JSON.stringify(input)} and says what would be right`, () => {
      const found = problems(input);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", message);
    });
  }

  test("tells all mistakes at once", () => {
    assert.equal(problems({ host: "a b", path: "c", headers: { A: { regex: "(" } } }).length, 3);
  });

  test("can be written as a JSON Schema", () => {
    assert.equal(z.toJSONSchema(routeMatchSchema, { io: "input" }).type, "object");
  });
});

test("a match is described in one line", () => {
  const table: [RouteMatch, string][] = [
    [{}, "every request"],
    [{ headers: {} }, "every request"],
    [{ host: "a.b", path: "/c" }, "host a.b, path below /c"],
    [{ path: { exact: "/c" } }, "path /c"],
    [{ path: { prefix: "/c" } }, "path below /c"],
    [{ path: { regex: "^/c\n" } }, 'path like "^/c\\n"'],
    [{ headers: { A: "b", C: { regex: "d" }, E: { present: true } } }, 'header A = "b", header C like "d", header E'],
  ];
  for (const [match, text] of table) {
    assert.equal(describeMatch(match), text);
  }
});
