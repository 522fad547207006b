/** What every route asks of the instance, and what it refuses before that. */
import assert from "node:assert/strict";
import test from "node:test";

import { createLoadBalancer } from "../../src/index.ts";
import { ConfigError, parseConfig } from "../../src/config/index.ts";
import type { PoolStatus } from "../../src/metrics/index.ts";
import { ask } from "../kit/http.ts";
import { rawConnect } from "../kit/raw.ts";
import { BACKEND, FAILURES, startFake, tell } from "./fake.ts";

const NAME = encodeURIComponent(BACKEND);
const NO_FILTER = { sort: "age", descending: true, offset: 0, limit: 100 };

/** Method, path and body; what the instance is asked then. */
const ASKED: readonly (readonly [string, string, unknown, unknown[]])[] = [
  ["GET", "/api/v1/status", undefined, ["status"]],
  ["GET", "/api/v1/config", undefined, ["config"]],
  ["GET", "/api/v1/pools", undefined, ["status"]],
  ["GET", "/api/v1/pools/chat", undefined, ["status"]],
  ["GET", "/api/v1/pools/chat/backends", undefined, ["status"]],
  ["GET", `/api/v1/pools/chat/backends/${NAME}`, undefined, ["status"]],
  ["POST", "/api/v1/reload", undefined, ["reload"]],
  ["POST", "/api/v1/reload", {}, ["reload"]],
  ["POST", "/api/v1/pools/chat/backends", { url: "ws://b:1" }, ["addBackend", "chat", { url: "ws://b:1" }]],
  [
    "PATCH",
    `/api/v1/pools/chat/backends/${NAME}`,
    { state: "draining", weight: 2, maxConnections: 5 },
    ["changeBackend", "chat", BACKEND, { state: "draining", weight: 2, maxConnections: 5 }],
  ],
  ["DELETE", `/api/v1/pools/a%20b/backends/${NAME}`, undefined, ["removeBackend", "a b", BACKEND]],
  ["GET", "/api/v1/tunnels", undefined, ["tunnels", { filter: {}, ...NO_FILTER }]],
  [
    "GET",
    `/api/v1/tunnels?pool=chat&backend=${NAME}&route=r&listener=l&client=192.0.2.7&host=h&minAge=1h30m&minIdle=1.5s`,
    undefined,
    [
      "tunnels",
      {
        filter: {
          pool: "chat",
          backend: BACKEND,
          route: "r",
          listener: "l",
          client: "192.0.2.7",
          host: "h",
          minAgeMs: 5_400_000,
          minIdleMs: 1_500,
        },
        ...NO_FILTER,
      },
    ],
  ],
  [
    "GET",
    "/api/v1/tunnels?sort=bytes&offset=20&limit=1000",
    undefined,
    ["tunnels", { filter: {}, sort: "bytes", descending: false, offset: 20, limit: 1000 }],
  ],
  ["GET", "/api/v1/tunnels/t1", undefined, ["tunnels", { filter: { id: "t1" }, ...NO_FILTER, limit: 1 }]],
  ["DELETE", "/api/v1/tunnels/t1", undefined, ["endTunnels", { id: "t1" }]],
  ["DELETE", "/api/v1/tunnels?minIdle=0", undefined, ["endTunnels", { minIdleMs: 0 }]],
  ["POST", "/api/v1/drains", { pool: "p", backend: "b" }, ["drain", { pool: "p", backend: "b" }]],
  ["DELETE", "/api/v1/drains/d1", undefined, ["cancelMove", "d1"]],
  ["POST", "/api/v1/rebalances", { pool: "p", minAge: "0" }, ["rebalance", { pool: "p", minAge: "0" }]],
  ["DELETE", "/api/v1/rebalances/r2", undefined, ["cancelMove", "r2"]],
  ["GET", "/api/v1/history", undefined, ["history", undefined]],
  ["GET", "/api/v1/history?since=2026-11-23T12:00:00Z", undefined, ["history", Date.UTC(2026, 10, 23, 12)]],
  ["GET", "/api/v1/history?since=1795435200123", undefined, ["history", 1_795_435_200_123]],
];

test("what is asked for reaches the instance, checked and decoded", async (t) => {
  const fake = await startFake(t);
  for (const [method, path, body, call] of ASKED) {
    const { status, json } = await tell(t, fake, method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${JSON.stringify(json)}`);
    assert.deepEqual(fake.calls.pop(), call, `${method} ${path}`);
  }
});

test("what is added or begun tells where it is", async (t) => {
  const fake = await startFake(t);
  const added = await tell(t, fake, "POST", "/api/v1/pools/chat/backends", { url: BACKEND });
  assert.deepEqual([added.status, added.headers["location"]], [201, `/api/v1/pools/chat/backends/${NAME}`]);
  const drain = await tell(t, fake, "POST", "/api/v1/drains", { pool: "chat", backend: BACKEND });
  assert.deepEqual([drain.status, drain.headers["location"]], [201, "/api/v1/drains/d1"]);
  const { status, json } = await tell(t, fake, "GET", String(drain.headers["location"]));
  assert.deepEqual([status, json], [200, drain.json]);
});

test("drains and rebalances are kept apart", async (t) => {
  const fake = await startFake(t);
  const ids = async (path: string) => (await tell(t, fake, "GET", path)).json.map(({ id }: { id: string }) => id);
  assert.deepEqual([await ids("/api/v1/drains"), await ids("/api/v1/rebalances")], [["d1"], ["r2"]]);
  assert.equal((await tell(t, fake, "DELETE", "/api/v1/drains/r2")).status, 404);
});

test("what does not exist is 404 and names what there is", async (t) => {
  const fake = await startFake(t);
  const cases: readonly (readonly [string, RegExp])[] = [
    ["/api/v1/pools/game", /no pool "game"; there are chat/],
    ["/api/v1/pools/game/backends", /no pool "game"/],
    ["/api/v1/pools/chat/backends/b", /no backend "b"; there are ws:\/\/10\.0\.0\.1:8000/],
    ["/api/v1/tunnels/t2", /no open tunnel "t2"/],
    ["/api/v1/drains/d", /no drain "d"/],
    ["/api/v1/rebalances/d", /no rebalance "d"/],
    ["/api/v1/pools/", /no "\/api\/v1\/pools\/"; there are .*\/api\/v1\/pools,/],
    ["/api/v1/pools/chat/", /there are/],
    ["/api/v1/pools//backends", /there are/],
    ["/api/v2/status", /there are/],
    ["//livez", /there are/],
    ["/", /there are/],
    ["/dashboard/x.js", /there are/],
    [`/${"x".repeat(5_000)}`, /there are/],
  ];
  for (const [path, message] of cases) {
    const { status, json } = await tell(t, fake, "GET", path);
    assert.deepEqual([status, json.error.code], [404, "NOT_FOUND"], path);
    assert.match(json.error.message, message);
  }
  assert.equal((await tell(t, fake, "DELETE", "/api/v1/tunnels/t2")).status, 404);
});

test("another method is 405 and tells which there are", async (t) => {
  const fake = await startFake(t);
  const cases: readonly (readonly [string, string, string])[] = [
    ["PUT", "/api/v1/pools/chat/backends", "GET, HEAD, POST"],
    ["POST", `/api/v1/pools/chat/backends/${NAME}`, "GET, HEAD, PATCH, DELETE"],
    ["GET", "/api/v1/reload", "POST"],
    ["POST", "/livez", "GET, HEAD"],
    ["POST", "/api/v1/status", "GET, HEAD"],
    ["DELETE", "/api/v1/drains", "POST, GET, HEAD"],
  ];
  for (const [method, path, allow] of cases) {
    const { status, headers, json } = await tell(t, fake, method, path);
    assert.deepEqual([status, headers["allow"], json.error.code], [405, allow, "METHOD_NOT_ALLOWED"], path);
  }
});

test("a path that is no percent-encoded text is 400", async (t) => {
  const fake = await startFake(t);
  for (const segment of ["%", "%zz", "%ff", "%c3%28", "a%0ab", "%00"]) {
    const { status, json } = await tell(t, fake, "GET", `/api/v1/pools/${segment}`);
    assert.deepEqual([status, json.error.code], [400, "BAD_REQUEST"], segment);
  }
});

test("a client that goes in the middle of its body harms nobody", async (t) => {
  const fake = await startFake(t);
  const peer = await rawConnect(t, fake.port);
  peer.write(
    `POST /api/v1/drains HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{`,
  );
  peer.reset();
  assert.equal((await tell(t, fake, "GET", "/livez")).status, 200);
  assert.deepEqual(fake.calls, []);
});

test("what the instance throws becomes a status; what nobody foresaw is logged and not told", async (t) => {
  const logged: object[] = [];
  const nothing = (): void => undefined;
  const logger = { debug: nothing, info: nothing, warn: nothing, error: (fields: object) => void logged.push(fields) };
  const fake = await startFake(t, {}, { logger });
  for (const [error, expected, code] of FAILURES) {
    fake.fail(error);
    const { status, json } = await tell(t, fake, "POST", "/api/v1/reload");
    assert.deepEqual([status, json.error.code], [expected, code]);
    if (code === "INTERNAL") assert.ok(!JSON.stringify(json).includes("secret detail"));
    else assert.equal(json.error.message, error.message);
  }
  assert.equal(logged.length, 2);
});

test("mistakes of a configuration are told one by one, with their places", async (t) => {
  const fake = await startFake(t);
  const place = { file: "fairlead.yaml", line: 3, column: 7 };
  fake.fail(
    new ConfigError([
      { place, path: "pools.chat", message: "no" },
      { place: { name: "--workers" }, path: "workers", message: "wrong" },
      { place: undefined, path: "", message: "empty" },
    ]),
  );
  const { status, json } = await tell(t, fake, "POST", "/api/v1/reload");
  assert.deepEqual([status, json.error.code], [422, "CONFIG_INVALID"]);
  assert.deepEqual(
    new Set(json.error.problems),
    new Set([
      { path: "", message: "empty" },
      { path: "workers", message: "wrong", place: "--workers" },
      { path: "pools.chat", message: "no", place: "fairlead.yaml:3:7" },
    ]),
  );
});

test("probes tell by their status", async (t) => {
  const fake = await startFake(t);
  fake.isReady = false;
  assert.deepEqual(await ask(t, `${fake.origin}/readyz`).then(({ status }) => status), 503);
});

test("a pool without a healthy backend is unhealthy, unless it panics: then it serves, and says so", async (t) => {
  const fake = await startFake(t);
  const [pool] = fake.status.pools;
  const [backend] = pool!.backends;
  const healthOf = async (pools: readonly Partial<PoolStatus>[]) => {
    fake.status = { ...fake.status, pools: pools.map((parts) => ({ ...pool!, ...parts })) };
    const { status, json } = await tell(t, fake, "GET", "/healthz");
    return [status, json];
  };
  const ill = { ...backend!, health: "unhealthy" as const };
  const shown = { name: "chat", backends: 1, healthy: 1, panic: false, serves: true };
  assert.deepEqual(await healthOf([{}]), [200, { status: "healthy", pools: [shown] }]);
  const dead = { ...shown, healthy: 0, serves: false };
  assert.deepEqual(await healthOf([{ backends: [ill] }]), [503, { status: "unhealthy", pools: [dead] }]);
  const panicking = { ...dead, panic: true, serves: true };
  assert.deepEqual(await healthOf([{ backends: [ill], panic: true }]), [
    200,
    { status: "panicking", pools: [panicking] },
  ]);
  assert.deepEqual(await healthOf([{ backends: [ill], panic: true }, {}, { backends: [ill] }]), [
    503,
    { status: "unhealthy", pools: [panicking, shown, dead] },
  ]);
  const drained = (["draining", "removed"] as const).map((state) => ({ ...backend!, state }));
  assert.deepEqual(
    await healthOf([{ backends: drained }]),
    [503, { status: "unhealthy", pools: [{ ...dead, backends: 0 }] }],
    "who is drained takes nobody new, however well it is",
  );
});

test("HEAD is answered like GET, without the body", async (t) => {
  const { origin } = await startFake(t);
  for (const path of ["/api/v1/pools", "/metrics", "/livez", "/api/v1/openapi.json", "/nothing"]) {
    const [get, head] = [await ask(t, origin + path), await ask(t, origin + path, { method: "HEAD" })];
    assert.deepEqual([head.status, head.body.length], [get.status, 0]);
    assert.equal(head.headers["content-length"], get.headers["content-length"]);
    assert.equal(head.headers["content-type"], get.headers["content-type"]);
  }
});

test("metrics are passed on as they are", async (t) => {
  const { origin } = await startFake(t);
  const { headers, body } = await ask(t, `${origin}/metrics`);
  assert.deepEqual([headers["content-type"], body.toString()], ["text/plain; version=0.0.4; charset=utf-8", "up 1\n"]);
});

test("the routes of a running fairlead are shown in words", async (t) => {
  const config = {
    listen: "127.0.0.1:0",
    admin: "127.0.0.1:0",
    pools: { a: { backends: ["ws://127.0.0.1:1"] }, b: { backends: ["ws://127.0.0.1:2"] } },
    routes: [{ name: "chat", match: { path: "/chat" }, pool: "a" }],
    defaultPool: "b",
  };
  assert.ok(parseConfig(config));
  const balancer = await createLoadBalancer(config);
  t.after(() => balancer.close({ drain: 0 }));
  const { body } = await ask(t, `http://127.0.0.1:${balancer.adminAddress?.port}/api/v1/routes`);
  assert.deepEqual(JSON.parse(body.toString()), [
    { name: "chat", pool: "a", match: "path below /chat", origins: "any" },
    { name: "default", pool: "b", match: null, origins: "any" },
  ]);
});
