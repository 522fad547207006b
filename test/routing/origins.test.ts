import assert from "node:assert/strict";
import { test } from "node:test";

import { createOriginCheck, originsSchema } from "../../src/routing/index.ts";

test("any takes every origin", () => {
  const takes = createOriginCheck("any");
  assert.ok(takes("https://evil.example"));
  assert.ok(takes("null"));
});

test("a list takes its origins, whatever the case, and nothing that only looks like them", () => {
  const takes = createOriginCheck(["https://app.example.com", "http://localhost:3000"]);
  for (const origin of ["https://app.example.com", "HTTPS://App.Example.com", "http://localhost:3000"]) {
    assert.ok(takes(origin), origin);
  }
  const others = [
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "https://evil.example/https://app.example.com",
    "http://localhost",
    "null",
    "",
  ];
  for (const origin of others) assert.ok(!takes(origin), origin);
});

test("a wildcard takes every host below, at any depth, but not the host itself", () => {
  const takes = createOriginCheck(["https://*.example.com"]);
  assert.ok(takes("https://a.example.com"));
  assert.ok(takes("https://a.b.example.com"));
  for (const origin of [
    "https://example.com",
    "https://.example.com",
    "https://evilexample.com",
    "http://a.example.com",
  ]) {
    assert.ok(!takes(origin), origin);
  }
});

test("a mistyped origin is refused with what would be right", () => {
  for (const origin of [
    "app.example.com",
    "https://app.example.com/",
    "https://App.example.com",
    "https://*example.com",
  ]) {
    const result = originsSchema.safeParse([origin]);
    assert.ok(!result.success, origin);
  }
  assert.ok(
    originsSchema.safeParse(["https://app.example.com", "https://*.example.com:8443", "http://[::1]:3000"]).success,
  );
});
