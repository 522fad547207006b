import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type RequestFacts,
  requestFacts,
  type RequestKey,
  requestKey,
  requestKeySchema,
  trustedProxies,
} from "../../src/http/index.ts";

const isTrusted = trustedProxies(["10.0.0.0/8"]);

function facts(target: string, headers: string[] = [], remote = "203.0.113.9", tls = false): RequestFacts {
  return requestFacts({ method: "GET", target, version: "1.1", headers }, remote, tls, isTrusted);
}

describe("the facts of a request", () => {
  test("hold path, query, host and the client's address", () => {
    const headers = ["Host", "Chat.Example:8080", "X-Forwarded-For", "198.51.100.7"];
    assert.deepEqual(facts("/a/b?c=d", headers, "10.0.0.1"), {
      path: "/a/b",
      query: "c=d",
      headers,
      host: "chat.example",
      clientAddress: "198.51.100.7",
      secure: false,
    });
  });

  test("are secure over TLS, or when a trusted proxy says so", () => {
    const proto = (value: string): string[] => ["X-Forwarded-Proto", value];
    assert.ok(facts("/", [], "203.0.113.9", true).secure);
    assert.ok(facts("/", proto("https"), "10.0.0.1").secure);
    assert.ok(facts("/", proto("WSS"), "::ffff:10.0.0.1").secure);
    assert.ok(facts("/", proto("http, https"), "10.0.0.1").secure);
    assert.ok(!facts("/", proto("https, http"), "10.0.0.1").secure, "the last one was written by the trusted proxy");
    assert.ok(!facts("/", proto("https")).secure);
    assert.ok(!facts("/", [], "10.0.0.1").secure);
  });
});

describe("the key of a request", () => {
  const headers = ["Host", "h", "X-Room", "blue", "x-room", "red", "Cookie", "sid=s1; empty="];
  const request = facts("/game/7/move/?room=a%20b&empty=&room=c", headers);

  const table: [RequestKey, string | undefined][] = [
    ["path", "/game/7/move/"],
    ["client-ip", "203.0.113.9"],
    [{ path: { segments: 1 } }, "/game"],
    [{ path: { segments: 2 } }, "/game/7"],
    [{ path: { segments: 9 } }, "/game/7/move"],
    [{ query: "room" }, "a b"],
    [{ query: "empty" }, undefined],
    [{ query: "none" }, undefined],
    [{ header: "x-ROOM" }, "blue"],
    [{ header: "x-none" }, undefined],
    [{ cookie: "sid" }, "s1"],
    [{ cookie: "empty" }, undefined],
    [{ cookie: "none" }, undefined],
  ];
  for (const [by, key] of table) {
    test(`by ${JSON.stringify(by)} is ${JSON.stringify(key)}`, () => {
      assert.equal(requestKey(by, request), key);
    });
  }

  test("law: paths that agree in the chosen segments have one key, others have another", () => {
    const segment = fc.stringMatching(/^[a-z0-9%]{1,5}$/);
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 2, maxLength: 2 }),
        fc.array(segment),
        segment,
        (room, rest, other) => {
          const by = { path: { segments: 2 } };
          const key = requestKey(by, facts(`/${room.join("/")}`));
          assert.equal(requestKey(by, facts(`/${[...room, ...rest].join("/")}`)), key);
          assert.equal(requestKey(by, facts(`/${[...room, ...rest].join("//")}/?x`)), key);
          assert.equal(requestKey(by, facts(`/${room[0]}/${other}`)) === key, other === room[1]);
        },
      ),
    );
  });

  test("law: no request makes it throw", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), fc.string(), (target, lines, name) => {
        for (const by of ["path", "client-ip", { path: { segments: 2 } }, { query: name }, { cookie: name }] as const) {
          requestKey(by, facts(target, lines));
        }
      }),
    );
  });
});

describe("the schema of keys", () => {
  test("takes every documented form", () => {
    for (const by of [
      "path",
      "client-ip",
      { path: { segments: 3 } },
      { query: "a" },
      { header: "X-A" },
      { cookie: "c" },
    ]) {
      assert.deepEqual(requestKeySchema.parse(by), by);
    }
  });

  test("says what would be right", () => {
    const message = (by: unknown): string | undefined => requestKeySchema.safeParse(by).error?.issues[0]?.message;
    assert.match(message("ip") ?? "", /^expected "path" .*"client-ip", .*\{ cookie: NAME \}$/);
    assert.match(message({ header: "a b" }) ?? "", /^expected the name of a header/);
  });

  test("refuses everything else", () => {
    const bad = ["ip", {}, { path: {} }, { path: { segments: 0 } }, { path: { segments: 1.5 } }, { query: "" }, null];
    for (const by of [
      ...bad,
      { header: "a b" },
      { header: "X-A", cookie: "c" },
      { cookie: "" },
      { query: "a", x: 1 },
    ]) {
      assert.ok(!requestKeySchema.safeParse(by).success, JSON.stringify(by));
    }
  });
});
