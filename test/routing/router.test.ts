import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { RequestFacts } from "../../src/http/index.ts";
import { createRouter, type RouteMatch, routeMatchSchema } from "../../src/routing/index.ts";

function request(host: string | undefined, path = "/", headers: string[] = []): RequestFacts {
  return { host, path, headers, query: "", clientAddress: "203.0.113.9", secure: false };
}

/** Whether a single route takes a request. */
function takes(match: RouteMatch, facts: RequestFacts): boolean {
  return createRouter([{ match: routeMatchSchema.parse(match) }])(facts) === 0;
}

describe("a route", () => {
  test("without conditions takes every request", () => {
    assert.ok(takes({}, request(undefined, "*")));
    assert.ok(takes({ headers: {} }, request("a", "/x")));
  });

  const hosts: [string, string | undefined, boolean][] = [
    ["chat.example.com", "chat.example.com", true],
    ["Chat.Example.COM.", "chat.example.com", true],
    ["chat.example.com", "x.chat.example.com", false],
    ["chat.example.com", undefined, false],
    ["*.example.com", "chat.example.com", true],
    ["*.example.com", "a.b.example.com", true],
    ["*.Example.com", "chat.example.com", true],
    ["*.example.com", "example.com", false],
    ["*.example.com", ".example.com", false],
    ["*.example.com", "badexample.com", false],
    ["*.example.com", undefined, false],
    ["[2001:DB8::1]", "[2001:db8::1]", true],
    ["127.0.0.1", "127.0.0.1", true],
  ];
  for (const [host, asked, taken] of hosts) {
    test(`for host ${host} ${taken ? "takes" : "leaves"} ${asked}`, () => {
      assert.equal(takes({ host }, request(asked)), taken);
    });
  }

  const paths: [RouteMatch["path"], string, boolean][] = [
    ["/chat", "/chat", true],
    ["/chat", "/chat/", true],
    ["/chat", "/chat/7", true],
    ["/chat", "/chatter", false],
    ["/chat", "/Chat", false],
    ["/chat", "/", false],
    ["/chat", "/%63hat", false],
    ["/chat/", "/chat", true],
    ["/chat/", "/chat/7", true],
    ["/", "/anything", true],
    ["/", "*", false],
    [{ prefix: "/a/b" }, "/a/b/c", true],
    [{ prefix: "/a/b" }, "/a/bc", false],
    [{ exact: "/chat" }, "/chat", true],
    [{ exact: "/chat" }, "/chat/", false],
    [{ exact: "/" }, "/", true],
    [{ regex: "^/room/[0-9]+$" }, "/room/42", true],
    [{ regex: "^/room/[0-9]+$" }, "/room/42/x", false],
    [{ regex: "room" }, "/a/room/b", true],
  ];
  for (const [path, asked, taken] of paths) {
    test(`for path ${JSON.stringify(path)} ${taken ? "takes" : "leaves"} ${asked}`, () => {
      assert.equal(takes({ path }, request("a", asked)), taken);
    });
  }

  test("with header conditions wants all of them, each by one of the lines", () => {
    const match: RouteMatch = {
      headers: { "x-Tenant": "blue", "X-Version": { regex: "^2\\." }, Cookie: { present: true } },
    };
    const good = ["X-TENANT", "red", "x-tenant", "blue", "X-Version", "2.1", "cookie", ""];
    assert.ok(takes(match, request("a", "/", good)));
    assert.ok(!takes(match, request("a", "/", good.slice(0, 6))));
    assert.ok(!takes(match, request("a", "/", ["X-Tenant", "Blue", ...good.slice(4)])));
    assert.ok(!takes(match, request("a", "/", ["X-Tenant", "blue", "X-Version", "12.1", "Cookie", "a"])));
  });

  test("gives the same answer each time it is asked", () => {
    const route = createRouter([{ match: { path: { regex: "a" }, headers: { a: { regex: "b" } } } }]);
    const facts = request("h", "/a", ["A", "b"]);
    assert.deepEqual([route(facts), route(facts), route(facts)], [0, 0, 0]);
  });
});

describe("of several routes that match", () => {
  // From the most specific to the least; every one takes the request below.
  const ladder: RouteMatch[] = [
    { host: "a.b.example.com", path: { exact: "/x/y" }, headers: { A: "1", B: { present: true } } },
    { host: "a.b.example.com", path: { exact: "/x/y" }, headers: { A: "1" } },
    { host: "a.b.example.com", path: { exact: "/x/y" } },
    { host: "a.b.example.com", path: { regex: "^/x" }, headers: { A: "1" } },
    { host: "a.b.example.com", path: { regex: "^/x" } },
    { host: "a.b.example.com", path: "/x/y" },
    { host: "a.b.example.com", path: { prefix: "/x" }, headers: { A: "1" } },
    { host: "a.b.example.com", path: "/x" },
    { host: "a.b.example.com", path: "/" },
    { host: "a.b.example.com", headers: { A: "1", B: "2" } },
    { host: "a.b.example.com" },
    { host: "*.b.example.com", path: { exact: "/x/y" } },
    { host: "*.b.example.com" },
    { host: "*.example.com", path: { exact: "/x/y" } },
    { host: "*.example.com" },
    { path: { exact: "/x/y" }, headers: { A: "1" } },
    { path: { regex: "x" } },
    { path: "/x" },
    { headers: { A: "1" } },
    {},
  ];
  const facts = request("a.b.example.com", "/x/y", ["A", "1", "B", "2"]);

  test("the more specific wins, wherever it stands", () => {
    for (let at = 0; at + 1 < ladder.length; at += 1) {
      const [above, below] = [ladder[at] ?? {}, ladder[at + 1] ?? {}];
      assert.ok(takes(above, facts) && takes(below, facts), `both of step ${at} match`);
      assert.equal(createRouter([{ match: above }, { match: below }])(facts), 0, `step ${at}`);
      assert.equal(createRouter([{ match: below }, { match: above }])(facts), 1, `step ${at}, turned round`);
    }
  });

  test("the first wins among equals", () => {
    const equals: RouteMatch[][] = [
      [{}, {}],
      [{ path: { regex: "x" } }, { path: { regex: "^/x/y$" } }],
      [{ path: "/x" }, { path: { prefix: "/x/" } }],
      [{ headers: { A: "1" } }, { headers: { B: "2" } }],
    ];
    for (const matches of equals) {
      assert.equal(createRouter(matches.map((match) => ({ match })))(facts), 0, JSON.stringify(matches));
    }
  });

  test("a less specific one takes over when the rest of a better one does not hold", () => {
    const routes = [
      { match: { host: "a.b.example.com", path: "/other" } },
      { match: { host: "*.b.example.com", headers: { A: "2" } } },
      { match: { path: "/x" } },
    ];
    assert.equal(createRouter(routes)(facts), 2);
  });

  test("none is -1", () => {
    assert.equal(createRouter([])(facts), -1);
    assert.equal(createRouter([{ match: { host: "other" } }])(facts), -1);
  });

  test("law: the order of routes does not matter, except among equals", () => {
    const host = fc.constantFrom(undefined, "a.b.example.com", "*.b.example.com", "*.example.com", "other");
    const path = fc.constantFrom<RouteMatch["path"][]>(
      undefined,
      "/",
      "/x",
      "/x/y",
      "/z",
      { exact: "/x/y" },
      { regex: "^/x" },
      { regex: "^/z" },
    );
    const header = fc.constantFrom<RouteMatch["headers"][]>(undefined, { A: "1" }, { A: "1", B: "2" }, { A: "9" });
    const match = fc.record({ host, path, headers: header });
    const turned = fc
      .uniqueArray(match, { selector: (one) => JSON.stringify(one) })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    const winner = (list: RouteMatch[]): RouteMatch | undefined =>
      list[createRouter(list.map((one) => ({ match: one })))(facts)];
    fc.assert(
      fc.property(turned, ([list, other]) => {
        // Of the matches above no two different ones that take the request are equals.
        assert.deepEqual(winner(other), winner(list));
      }),
      { numRuns: 500 },
    );
  });
});
