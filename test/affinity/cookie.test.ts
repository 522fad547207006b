import assert from "node:assert/strict";
import { test } from "node:test";
import { affinitySchema } from "../../src/affinity/index.ts";
import type { AffinityInput } from "../../src/affinity/index.ts";
import { backendNames, viewOf } from "../base/views.ts";
import { affinityOf, carried, request } from "./requests.ts";

const NAMES = backendNames(4);
const cookie = affinityOf("cookie", NAMES);
const cookieOf = (index: number) => carried(cookie.cookieFor(index, request()));

test("a client that brings its cookie gets its backend again, and no new cookie", () => {
  const view = viewOf(NAMES);
  for (const index of NAMES.keys()) {
    const again = request({ cookies: [`theme=dark; ${cookieOf(index)}; lang=en`] });
    assert.equal(cookie.prefer(view, again, []), index);
    assert.equal(cookie.cookieFor(index, again), undefined);
  }
});

test("a client without a cookie has no preference and gets one", () => {
  assert.equal(cookie.prefer(viewOf(NAMES), request(), []), -1);
  assert.match(cookie.cookieFor(2, request()) ?? "", /^fairlead=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
});

test("a backend that takes no new work, or has failed already, loses its preference and the cookie is renewed", () => {
  const view = viewOf(NAMES);
  const again = request({ cookies: [cookieOf(1)] });
  assert.equal(cookie.prefer(view, again, [1]), -1);
  view.setEligible(1, false);
  assert.equal(cookie.prefer(view, again, []), -1);
  assert.equal(carried(cookie.cookieFor(3, again)), cookieOf(3));
});

test("forged, foreign and broken cookies are ignored and replaced", () => {
  const view = viewOf(NAMES);
  const genuine = cookieOf(1);
  const otherPool = carried(affinityOf("cookie", NAMES, "secret", "other").cookieFor(1, request()));
  const otherSecret = carried(affinityOf("cookie", NAMES, "guess").cookieFor(1, request()));
  const forged = [
    "fairlead=1",
    `fairlead=${NAMES[1]}`,
    "fairlead=",
    "fairlead",
    "=",
    ";;",
    `${genuine}x`,
    `"${genuine}"`,
  ];
  const tampered = genuine.slice(0, -1) + (genuine.endsWith("A") ? "Q" : "A");
  for (const line of [
    ...forged,
    tampered,
    otherPool,
    otherSecret,
    genuine.replace("fairlead", "Fairlead"),
    "fairlead=__proto__",
  ]) {
    const facts = request({ cookies: [line] });
    assert.equal(cookie.prefer(view, facts, []), -1, line);
    assert.equal(carried(cookie.cookieFor(1, facts)), genuine, line);
  }
});

test("of several cookies of the name the first that leads to a backend counts", () => {
  const view = viewOf(NAMES);
  const facts = request({ cookies: [`fairlead=old; ${cookieOf(2)}`, cookieOf(1)] });
  assert.equal(cookie.prefer(view, facts, []), 2);
  view.setEligible(2, false);
  assert.equal(cookie.prefer(view, facts, []), 1);
  assert.equal(cookie.cookieFor(1, facts), undefined, "it is carried, if not as the first");
});

test("instances with the same secret agree, in whatever order they list the backends", () => {
  const reversed = NAMES.toReversed();
  const other = affinityOf("cookie", reversed);
  for (const [index, name] of NAMES.entries()) {
    const facts = request({ cookies: [cookieOf(index)] });
    assert.equal(reversed[other.prefer(viewOf(reversed), facts, [])], name);
  }
});

test("the cookie says nothing about its backend", () => {
  const text = carried(cookie.cookieFor(0, request())).slice("fairlead=".length);
  const decoded = Buffer.from(text, "base64url");
  assert.equal(decoded.length, 16);
  for (const part of ["10.0", "8000", "ws:", "chat"]) assert.ok(!text.includes(part) && !decoded.includes(part));
});

test("attributes fit the connection they are sent over", () => {
  const cases: [AffinityInput, boolean, string][] = [
    ["cookie", false, "Path=/; HttpOnly; SameSite=Lax"],
    ["cookie", true, "Path=/; HttpOnly; Secure; SameSite=Lax"],
    [{ method: "cookie", sameSite: "none" }, true, "Path=/; HttpOnly; Secure; SameSite=None"],
    [{ method: "cookie", sameSite: "none" }, false, "Path=/; HttpOnly; SameSite=Lax"],
    [{ method: "cookie", sameSite: "strict", path: "/chat" }, false, "Path=/chat; HttpOnly; SameSite=Strict"],
    [{ method: "cookie", maxAge: "8h" }, true, "Path=/; Max-Age=28800; HttpOnly; Secure; SameSite=Lax"],
    [{ method: "cookie", maxAge: "session" }, true, "Path=/; HttpOnly; Secure; SameSite=Lax"],
  ];
  for (const [input, secure, attributes] of cases) {
    const header = affinityOf(input, NAMES).cookieFor(0, request({ secure })) ?? "";
    assert.equal(header.slice(header.indexOf(";") + 2), attributes);
  }
});

test("options that no browser would honour are refused", () => {
  // Mistakes inside the object stand beneath the issue that says that neither form fits.
  const messageOf = (input: unknown) => JSON.stringify(affinitySchema.safeParse(input).error?.issues ?? "accepted");
  assert.match(messageOf({ method: "cookie", name: "my cookie" }), /expected a cookie name/);
  assert.match(messageOf({ method: "cookie", name: "__Host-lb" }), /refused by browsers/);
  assert.match(messageOf({ method: "cookie", path: "chat" }), /begins with/);
  assert.match(messageOf({ method: "cookie", path: "/;Domain=evil.example" }), /semicolons/);
  assert.match(messageOf({ method: "cookie", maxAge: "forever" }), /such as .*8h.* or .*session/);
  assert.match(messageOf("cokie"), /did you mean .*cookie/);
  assert.deepEqual(affinitySchema.parse("cookie"), {
    method: "cookie",
    name: "fairlead",
    path: "/",
    sameSite: "lax",
    maxAge: "session",
  });
});

test("a pool without a secret cannot have cookies that anybody could make", () => {
  assert.throws(() => affinityOf("cookie", NAMES, ""), { code: "CONFIG_INVALID" });
});
