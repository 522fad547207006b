import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCookies, setCookie } from "../../src/http/index.ts";

test("cookies of all lines are read as sent, the first of a name counting", () => {
  const headers = ["Cookie", 'a=1; b="x y"; a=2;;c', "cookie", " d = e=f ;=g; h="];
  assert.deepEqual(
    [...parseCookies(headers)],
    [
      ["a", "1"],
      ["b", '"x y"'],
      ["d", "e=f"],
      ["h", ""],
    ],
  );
});

test("a name such as __proto__ is a cookie like any other", () => {
  assert.equal(parseCookies(["Cookie", "__proto__=1"]).get("__proto__"), "1");
});

test("attributes are written in a fixed order, and left out where not given", () => {
  assert.equal(setCookie("a", "b"), "a=b");
  assert.equal(
    setCookie("fairlead", "x_-", {
      path: "/chat",
      domain: "example.com",
      maxAge: 90_500,
      sameSite: "none",
      secure: true,
      httpOnly: true,
      partitioned: true,
    }),
    "fairlead=x_-; Path=/chat; Domain=example.com; Max-Age=90; HttpOnly; Secure; SameSite=None; Partitioned",
  );
  assert.equal(setCookie("a", "b", { secure: false, httpOnly: false, maxAge: 0 }), "a=b; Max-Age=0");
});

test("what a cookie cannot hold is refused", () => {
  const bad = [
    () => setCookie("a b", "x"),
    () => setCookie("", "x"),
    () => setCookie("a", "x;y"),
    () => setCookie("a", "x,y"),
    () => setCookie("a", "x\r\ny"),
    () => setCookie("a", "b", { path: "/;x" }),
    () => setCookie("a", "b", { path: "/\n" }),
    () => setCookie("a", "b", { domain: "" }),
  ];
  for (const make of bad) {
    assert.throws(make, { code: "BAD_HEAD" });
  }
});

test("law: what is set is read back", () => {
  const octets = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.~!#$%&'()*+/:<=>?@[]^`{|}") });
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9_.-]+$/), octets, (name, value) => {
      assert.equal(parseCookies(["Cookie", setCookie(name, value)]).get(name), value);
    }),
  );
});
