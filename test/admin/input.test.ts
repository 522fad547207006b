/** What is sent is checked whole before the instance is asked. */
import assert from "node:assert/strict";
import test from "node:test";

import { MAX_BODY } from "../../src/admin/body.ts";
import { type ConfigInput, parseConfig } from "../../src/config/index.ts";
import { ask } from "../kit/http.ts";
import { BACKEND, startFake, tell } from "./fake.ts";

const DURATION = 'a duration with its unit, such as "500ms", "30s" or "1h30m"';

/** Method, path, body; the problems that are told, each as path and message. */
const PROBLEMS: readonly (readonly [string, string, unknown, readonly (readonly [string, string | RegExp])[]])[] = [
  ["GET", "/api/v1/tunnels?minAge=5", undefined, [["minAge", `expected ${DURATION}, found "5"`]]],
  ["GET", "/api/v1/tunnels?minAge=", undefined, [["minAge", `expected ${DURATION}, found ""`]]],
  ["GET", "/api/v1/tunnels?minAge=25d", undefined, [["minAge", 'expected at most 24d, found "25d"']]],
  ["GET", "/api/v1/tunnels?sort=name", undefined, [["sort", /^expected one of age, -age, .*, found "name"$/]]],
  ["GET", "/api/v1/tunnels?limit=1001", undefined, [["limit", 'expected a whole number from 1 to 1000, found "1001"']]],
  ["GET", "/api/v1/tunnels?limit=0", undefined, [["limit", /from 1 to 1000/]]],
  ["GET", "/api/v1/tunnels?limit=1e2", undefined, [["limit", /found "1e2"/]]],
  ["GET", "/api/v1/tunnels?offset=-1", undefined, [["offset", 'expected a whole number from 0 on, found "-1"']]],
  ["GET", "/api/v1/tunnels?pool=", undefined, [["pool", 'expected the name of a pool, or leave it out, found ""']]],
  ["GET", "/api/v1/tunnels?pool=a&pool=b", undefined, [["pool", "is given twice; give it once"]]],
  ["GET", "/api/v1/tunnels?minage=5m", undefined, [["minage", "there is no such parameter; did you mean minAge?"]]],
  ["GET", "/api/v1/tunnels?__proto__=x", undefined, [["__proto__", /^there is no such parameter; there are id, pool/]]],
  [
    "GET",
    "/api/v1/tunnels?minIdle=x&limit=x",
    undefined,
    [
      ["minIdle", /duration/],
      ["limit", /whole number/],
    ],
  ],
  ["DELETE", "/api/v1/tunnels", undefined, [["", /^this would end every tunnel; say which, by id, pool,/]]],
  ["DELETE", "/api/v1/tunnels?limit=1", undefined, [["limit", /no such parameter/]]],
  ["GET", "/api/v1/events?after=x", undefined, [["after", 'expected a whole number from 0 on, found "x"']]],
  ["GET", "/api/v1/history?since=yesterday", undefined, [["since", /^expected a time such as .*, found "yesterday"$/]]],
  ["POST", "/api/v1/reload", { force: true }, [["force", "there is no such field; there are none"]]],
  ["POST", "/api/v1/reload", [], [["", /./]]],
  [
    "POST",
    "/api/v1/drains",
    undefined,
    [
      ["pool", "expected the name of a pool, found nothing"],
      ["backend", /found nothing/],
    ],
  ],
  [
    "POST",
    "/api/v1/drains",
    { pool: "", backend: 1, rate: 0, jitter: 2, waitIdle: "30", deadline: 5, reason: "x" },
    [
      ["pool", 'expected the name of a pool, found ""'],
      ["backend", "expected the name of a backend, found 1"],
      ["rate", "expected a number above 0 and at most 1000000, found 0"],
      ["jitter", "expected a number from 0 to 1, found 2"],
      ["waitIdle", `expected ${DURATION}, or "off", found "30"`],
      ["deadline", /found 5$/],
      ["reason", /^there is no such field; there are pool, backend,/],
    ],
  ],
  ["POST", "/api/v1/rebalances", { pool: "p", minAge: "off" }, [["minAge", `expected ${DURATION}, found "off"`]]],
  [
    "POST",
    "/api/v1/pools/chat/backends",
    { url: BACKEND, wieght: 2 },
    [["wieght", "there is no such field; did you mean weight?"]],
  ],
  ["POST", "/api/v1/pools/chat/backends", {}, [["url", "expected a URL such as ws://10.0.0.7:8000, found nothing"]]],
  [
    "PATCH",
    "/api/v1/pools/chat/backends/b",
    {},
    [["", "nothing is to be changed; give weight, state or maxConnections"]],
  ],
  [
    "PATCH",
    "/api/v1/pools/chat/backends/b",
    { weight: -1, state: "gone", maxConnections: 0 },
    [
      ["weight", "expected a number above 0 and at most 1000, found -1"],
      ["state", 'expected "active" or "draining", found "gone"'],
      ["maxConnections", 'expected a whole number from 1 to 10000000, or "off", found 0'],
    ],
  ],
];

/** What a pool's configuration and the API both know: the value, and what each makes of it. */
const BOTH: readonly (readonly [
  value: unknown,
  asWeight: boolean,
  asRate: boolean,
  asShare: boolean,
  asMost: boolean,
])[] = [
  [0, false, false, true, false],
  [0.5, true, true, true, false],
  [1, true, true, true, true],
  [1.5, true, true, false, false],
  [1000, true, true, false, true],
  [1001, false, true, false, true],
  [1_000_000, false, true, false, true],
  [1_000_001, false, false, false, true],
  [10_000_000, false, false, false, true],
  [10_000_001, false, false, false, false],
  ["off", false, false, false, true],
];

test("what the API takes for a number is what a configuration takes", async (t) => {
  const fake = await startFake(t);
  const url = "ws://10.0.0.1:8000";
  const inFile = (config: ConfigInput): boolean => {
    try {
      return parseConfig(config).config.pools["default"] !== undefined;
    } catch {
      return false;
    }
  };
  const inApi = async (path: string, body: object) => (await tell(t, fake, "POST", path, body)).status === 201;
  for (const [value, ...expected] of BOTH) {
    // Wrong values are the point here.
    const given = value as number;
    const configured = [
      inFile({ backends: [{ url, weight: given }] }),
      inFile({ pools: { default: { backends: [url], drain: { rate: given } } } }),
      inFile({ pools: { default: { backends: [url], drain: { jitter: given } } } }),
      inFile({ backends: [{ url, maxConnections: given }] }),
    ];
    const backends = "/api/v1/pools/chat/backends";
    const asked = [
      await inApi(backends, { url, weight: value }),
      await inApi("/api/v1/drains", { pool: "chat", backend: url, rate: value }),
      await inApi("/api/v1/drains", { pool: "chat", backend: url, jitter: value }),
      await inApi(backends, { url, maxConnections: value }),
    ];
    assert.deepEqual([configured, asked], [expected, expected], String(value));
  }
});

test("what is given wrongly is 422 and names every mistake; nothing is asked of the instance then", async (t) => {
  const fake = await startFake(t);
  for (const [method, path, body, expected] of PROBLEMS) {
    const { status, json } = await tell(t, fake, method, path, body);
    assert.deepEqual([status, json.error.code], [422, "INPUT_INVALID"], `${method} ${path}`);
    const { problems } = json.error as { problems: { path: string; message: string }[] }; // as documented
    assert.deepEqual(
      problems.map((problem) => problem.path),
      expected.map(([at]) => at),
      JSON.stringify(problems),
    );
    for (const [index, [, message]] of expected.entries()) {
      const told = problems[index]?.message ?? "";
      if (typeof message === "string") assert.equal(told, message);
      else assert.match(told, message);
    }
  }
  assert.deepEqual(fake.calls, []);
});

const PLACE = "/api/v1/drains";

/** Headers, body, and the status and code that they get. */
const BODIES: readonly (readonly [Record<string, string>, string, number, string])[] = [
  [{ "Content-Type": "text/plain" }, "{}", 415, "UNSUPPORTED_MEDIA_TYPE"],
  [{}, "{}", 415, "UNSUPPORTED_MEDIA_TYPE"],
  [{ "Content-Type": "application/x-www-form-urlencoded" }, "a=b", 415, "UNSUPPORTED_MEDIA_TYPE"],
  [{ "Content-Type": "application/jsonp" }, "{}", 415, "UNSUPPORTED_MEDIA_TYPE"],
  [{ "Content-Type": "application/json; charset=utf-8" }, "{}", 422, "INPUT_INVALID"],
  [{ "Content-Type": "Application/JSON" }, "{}", 422, "INPUT_INVALID"],
  [{ "Content-Type": "application/json" }, "{", 400, "BAD_REQUEST"],
  [{ "Content-Type": "application/json" }, "null", 422, "INPUT_INVALID"],
  [{ "Content-Type": "application/json" }, '"text"', 422, "INPUT_INVALID"],
  [{ "Content-Type": "application/json" }, " ".repeat(MAX_BODY - 2) + "{}", 422, "INPUT_INVALID"],
  [{ "Content-Type": "application/json" }, " ".repeat(MAX_BODY - 1) + "{}", 413, "BODY_TOO_LARGE"],
  [
    { "Content-Type": "application/json", "Transfer-Encoding": "chunked" },
    "x".repeat(MAX_BODY + 1),
    413,
    "BODY_TOO_LARGE",
  ],
  [{ "Content-Type": "application/json", "Transfer-Encoding": "chunked" }, "{}", 422, "INPUT_INVALID"],
];

test("a body must be JSON that says so, and not too long", async (t) => {
  const fake = await startFake(t);
  for (const [headers, body, status, code] of BODIES) {
    const answer = await ask(t, fake.origin + PLACE, { method: "POST", headers }, body);
    const { error } = JSON.parse(answer.body.toString()) as { error: { code: string } }; // as documented
    assert.deepEqual([answer.status, error.code], [status, code], `${JSON.stringify(headers)} ${body.slice(0, 40)}`);
  }
});
