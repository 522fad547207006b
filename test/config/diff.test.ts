import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";

import fc from "fast-check";

import {
  type Config,
  type ConfigDiff,
  type ConfigInput,
  diffConfigs,
  diffLines,
  formatDiff,
  loadConfig,
  parseConfig,
} from "../../src/config/index.ts";
import { certificateFor } from "../kit/certs.ts";
import { needTool } from "../kit/tools.ts";

const parse = (input: ConfigInput): Config => parseConfig(input).config;
const diff = (before: ConfigInput, after: ConfigInput): ConfigDiff => diffConfigs(parse(before), parse(after));

/** Lines with their signs, without what a reload does. */
const lines = (found: ConfigDiff): string[] => found.flatMap(diffLines).map(({ sign, text }) => `${sign} ${text}`);

const TOKEN = "a token that nobody guesses";
const backends = ["ws://10.0.0.1:8000", "ws://10.0.0.2:8000"];

describe("laws", () => {
  const backend = fc.record({
    url: fc.constantFrom("ws://10.0.0.1:8000", "http://10.0.0.2:8000", "wss://[::1]:8443", "ws://b"),
    weight: fc.constantFrom(1, 2, 0.5),
    state: fc.constantFrom("active" as const, "draining" as const),
    maxConnections: fc.constantFrom(undefined, "off" as const, 500),
  });
  const pool = fc.record({
    backends: fc.uniqueArray(backend, { minLength: 1, selector: ({ url }) => url }),
    balance: fc.constantFrom("random" as const, "hash" as const, { method: "hash" as const, loadFactor: 1.5 }),
    affinity: fc.constantFrom("none" as const, "cookie" as const),
    health: fc.constantFrom({}, { failureRate: { share: 0.3 } }, { failureThreshold: 9 }),
    admission: fc.constantFrom({}, { rate: 20 }, { maxConnections: 9, queue: { size: 3 } }),
    drain: fc.constantFrom({}, { waitIdle: "30s" }),
    rebalance: fc.constantFrom("off" as const, {}, { minAge: "5m" }),
  });
  const route = fc.record({
    // Object keys that look like numbers stand before all others, whatever their order was.
    name: fc.constantFrom("rooms", "7", "3"),
    match: fc.constantFrom({}, { host: "a" }, { path: "/b" }, { path: { exact: "/b" } }, { headers: { x: "y" } }),
    pool: fc.constant("0"),
    tunnel: fc.constantFrom({}, { heartbeat: "off" as const }, { idleTimeout: "1m" }),
  });
  const input = fc
    .record({
      listen: fc.uniqueArray(fc.constantFrom(":1", ":2", "[::]:3"), { minLength: 1 }),
      pools: fc.dictionary(fc.constantFrom("chat", "9"), pool, { maxKeys: 2 }),
      fallback: pool,
      routes: fc.uniqueArray(route, { selector: ({ name }) => name }),
      defaultPool: fc.option(fc.constant("0"), { nil: undefined }),
      secret: fc.option(fc.constantFrom("hush", "psst"), { nil: undefined }),
      workers: fc.constantFrom("auto" as const, 3),
      admin: fc.constantFrom(
        "off",
        "[::1]:0",
        { address: ":0", token: TOKEN },
        { address: "localhost:9", hosts: ["a"] },
      ),
      drainDelay: fc.constantFrom("0s", "5s"),
      watch: fc.boolean(),
      log: fc.constantFrom({}, { access: "all" as const, accessEvery: "5m" }, { accessFormat: "combined" as const }),
      limits: fc.constantFrom({}, { maxHeadSize: "32KiB" }, { headTimeout: 1 }),
      trustedProxies: fc.shuffledSubarray(["10.0.0.0/8", "fd00::/8"]),
      origins: fc.oneof(fc.constant("any" as const), fc.shuffledSubarray(["https://a", "https://b"])),
    })
    .map(({ fallback, pools, ...rest }) => ({ ...rest, pools: { ...pools, 0: fallback } }));

  test("a configuration is no other than itself, however its backends and sets are ordered", () => {
    fc.assert(
      fc.property(input, (one) => {
        const pools = Object.entries(one.pools).map(([name, { backends: all, ...rest }]) => [
          name,
          { ...rest, backends: all.toReversed() },
        ]);
        const turned = {
          ...one,
          listen: one.listen.toReversed(),
          pools: Object.fromEntries(pools),
          trustedProxies: one.trustedProxies.toReversed(),
          origins: typeof one.origins === "string" ? one.origins : one.origins.toReversed(),
        };
        assert.deepEqual(diff(one, one), []);
        assert.deepEqual(diff(one, turned), []);
      }),
    );
  });

  test("the way back removes what the way there adds, and changes everything back", () => {
    const turned = (found: ConfigDiff): unknown[] =>
      found.map((one) => {
        if (one.kind !== "changed") return { ...one, kind: one.kind === "added" ? "removed" : "added", effect: "" };
        return {
          ...one,
          changes: one.changes.map((change) => ({ ...change, before: change.after, after: change.before })),
        };
      });
    const wordless = (found: ConfigDiff): unknown[] =>
      found.map((one) => (one.kind === "changed" ? one : { ...one, effect: "" }));
    const sorted = (items: readonly unknown[]): string[] => items.map((item) => sortedJson(item)).toSorted();
    fc.assert(
      fc.property(input, input, (one, other) => {
        assert.deepEqual(sorted(turned(diff(one, other))), sorted(wordless(diff(other, one))));
      }),
    );
  });

  test("two configurations without a difference are the same in everything but the order of backends and sets", () => {
    fc.assert(
      fc.property(input, input, (one, other) => {
        const same = sortedJson(inOrder(parse(one))) === sortedJson(inOrder(parse(other)));
        assert.equal(diff(one, other).length === 0, same);
      }),
    );
  });

  test("it is written without an exception and ends with the sum", () => {
    fc.assert(
      fc.property(input, input, (one, other) => {
        const text = formatDiff(diff(one, other));
        assert.match(text, /\n\n\d+ [a-z].*\n$|^no difference\n$/);
        assert.doesNotMatch(text, /undefined|\[object/);
      }),
    );
  });
});

/** JSON that does not depend on the order of keys, nor on that of the changes of one part. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key === "changes" && Array.isArray(inner)) return inner.map((one) => sortedJson(one)).toSorted();
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A configuration with everything sorted whose order says nothing. */
function inOrder(config: Config): object {
  const sorted = <T>(items: readonly T[]): T[] => items.toSorted((a, b) => (sortedJson(a) < sortedJson(b) ? -1 : 1));
  const ofRoute = <T extends { readonly origins: Config["routes"][number]["origins"] }>(route: T): T => ({
    ...route,
    origins: typeof route.origins === "string" ? route.origins : sorted(route.origins),
  });
  return {
    ...config,
    listeners: sorted(config.listeners),
    trustedProxies: sorted(config.trustedProxies),
    pools: Object.fromEntries(
      Object.entries(config.pools).map(([name, pool]) => [name, { ...pool, backends: sorted(pool.backends) }]),
    ),
    routes: config.routes.map(ofRoute),
    defaultRoute: config.defaultRoute && ofRoute(config.defaultRoute),
  };
}

describe("what is compared", () => {
  /** Follows from the name, or only says where something was read from. */
  const DERIVED = /^listeners\.\d+\.(host|port)$|\.backends\.\d+\.(url|secure|hostname|port)$|File$/;
  /** Not any text will do; their own test is below. */
  const PEM = /\.(cert|key|ca)$/;

  const leaves = (value: unknown, path: readonly string[] = []): string[][] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
      : [[...path]];

  const altered = (value: unknown): unknown => {
    if (typeof value === "number") return value + 1;
    return typeof value === "boolean" ? !value : `${String(value)}x`;
  };

  const withAltered = (value: unknown, [step, ...rest]: readonly string[]): unknown => {
    if (step === undefined) return altered(value);
    if (Array.isArray(value)) return value.map((one, at) => (String(at) === step ? withAltered(one, rest) : one));
    return Object.fromEntries(
      Object.entries(value as object).map(([key, one]) => [key, key === step ? withAltered(one, rest) : one]),
    );
  };

  test("whatever value of a configuration is another, there is a difference", (t) => {
    if (!needTool(t, "openssl", "/usr/bin/openssl")) return;
    const { cert, key } = certificateFor(["localhost"]);
    const folder = join(import.meta.dirname, "golden");
    const { config } = loadConfig({ file: "everything.yaml", cwd: folder, env: {} });
    const tls = {
      certificates: [{ cert, key, hosts: ["a.example.com", "b.example.com"] }],
      minVersion: "TLSv1.2",
    } as const;
    const whole: Config = {
      ...config,
      admin: { host: "127.0.0.1", port: 9, token: TOKEN, hosts: ["admin.example.com"] },
      listeners: [...config.listeners, { name: "0.0.0.0:8443", host: "0.0.0.0", port: 8443, tls }],
    };
    const paths = leaves(whole).filter((path) => !DERIVED.test(path.join(".")) && !PEM.test(path.join(".")));
    assert.ok(paths.length > 100);
    for (const path of paths) {
      // Of the form of a configuration still, which is all that is looked at.
      const found = diffConfigs(whole, withAltered(whole, path) as Config);
      assert.ok(found.length > 0, path.join("."));
    }
  });
});

describe("examples", () => {
  test("backends are added, removed and changed by their URLs, however they are written", () => {
    const found = diff(
      { backends: ["ws://10.0.0.1:8000", "http://10.0.0.2:8000", "ws://10.0.0.3"] },
      {
        backends: [
          "ws://10.0.0.3:80",
          { url: "ws://10.0.0.2:8000/", weight: 2 },
          { url: "ws://10.0.0.4:8000", weight: 3 },
        ],
      },
    );
    assert.equal(
      formatDiff(found),
      [
        "pools and backends",
        "  - backend ws://10.0.0.1:8000 of pool default",
        "      is drained: it gets nothing new, and its tunnels are ended one by one with 1012, or re-homed",
        "  ~ backend ws://10.0.0.2:8000 of pool default: weight: 1 -> 2",
        "      from the next pick on; open tunnels stay where they are",
        "  + backend ws://10.0.0.4:8000 of pool default (weight 3)",
        "      takes new tunnels and requests",
        "",
        "1 backend added, 1 removed, 1 changed",
        "",
      ].join("\n"),
    );
  });

  test("what a backend takes depends on its state, which a reload can change", () => {
    const [first, second] = backends;
    assert.ok(first !== undefined && second !== undefined);
    const drained = { url: first, state: "draining" as const };
    assert.equal(
      formatDiff(diff({ backends: [first] }, { backends: [drained, { url: second, state: "draining", weight: 2 }] })),
      [
        "pools and backends",
        "  ~ backend ws://10.0.0.1:8000 of pool default: state: active -> draining",
        "      draining: nothing new, and its tunnels are ended, or re-homed, at the pool's pace; active: it takes new tunnels again",
        "  + backend ws://10.0.0.2:8000 of pool default (weight 2, draining)",
        "      takes nothing until it is active",
        "",
        "1 backend added, 1 changed",
        "",
      ].join("\n"),
    );
  });

  test("a pool that goes takes its backends with it", () => {
    const pools = { chat: { backends }, rooms: { backends: ["ws://10.0.0.9:1"] } };
    assert.deepEqual(lines(diff({ pools, defaultPool: "chat" }, { pools: { chat: pools.chat } })), [
      "- pool rooms (least-connections)",
      "- backend ws://10.0.0.9:1 of pool rooms",
    ]);
  });

  test("options are named where they part, and shown as people write them", () => {
    const before = { backends, balance: { method: "hash" as const, by: { path: { segments: 2 } } } };
    const after = { ...before, balance: { ...before.balance, loadFactor: 1.5 }, limits: { maxHeadSize: 32768 } };
    assert.deepEqual(lines(diff(before, after)), [
      "~ limits.maxHeadSize: 16KiB -> 32KiB",
      "~ pool default: balance.loadFactor: off -> 1.5",
    ]);
    assert.deepEqual(lines(diff(before, { backends, balance: { ...before.balance, by: { query: "room" } } })), [
      "~ pool default: balance.by: { path: { segments: 2 } } -> { query: room }",
    ]);
    assert.deepEqual(lines(diff(before, { backends, balance: "random" })), [
      "~ pool default: balance: { method: hash, by: { path: { segments: 2 } }, loadFactor: off } -> { method: random }",
    ]);
  });

  test("what a reload cannot change says why, and is counted", () => {
    const found = diff({ backends }, { backends, workers: 2, log: { format: "json", level: "debug" } });
    const text = formatDiff(found);
    assert.match(text, /~ workers: auto -> 2\n {6}stays as it is until a restart: each process holds/);
    assert.match(text, /~ log\.level: info -> debug\n {6}at once/);
    assert.ok(text.endsWith("\n3 settings changed; 2 changes need a restart\n"));
  });

  test("of a set it says what came and what went", () => {
    const found = diff(
      { backends, trustedProxies: ["10.0.0.0/8", "::1"] },
      { backends, trustedProxies: ["::1", "10.1.0.0/16"] },
    );
    assert.deepEqual(lines(found), ["~ trustedProxies: with 10.1.0.0/16, without 10.0.0.0/8"]);
  });

  test("a route that changes its pool, its conditions and its tunnels is the same route", () => {
    const pools = { a: { backends }, b: { backends } };
    const routes = [{ name: "x", match: { path: "/x" }, pool: "a" }];
    const found = diff(
      { pools, routes },
      { pools, routes: [{ name: "x", match: { path: "/x", host: "h" }, pool: "b", tunnel: { heartbeat: "off" } }] },
    );
    assert.equal(
      formatDiff(found),
      [
        "routes",
        "  ~ route x: match.host: not set -> h",
        "  ~ route x: pool: a -> b",
        "      from the next request or handshake on; open tunnels stay",
        "  ~ route x: tunnel.heartbeat: { interval: 30s, timeout: 10s } -> off",
        "      for tunnels that open from now on; open ones keep what they began with",
        "",
        "1 route changed",
        "",
      ].join("\n"),
    );
  });

  test("routes that come and go are told by what they take", () => {
    const pools = { a: { backends }, b: { backends } };
    const route = { name: "x", match: { host: "h", path: "/x" }, pool: "b" };
    assert.deepEqual(lines(diff({ pools }, { pools, routes: [route], defaultPool: "a" })), [
      "+ route x (host h, path below /x, to pool b)",
      "+ route default (what no other takes, to pool a)",
    ]);
  });

  test("the order of routes is a difference, as far as it is another", () => {
    const routes = ["a", "b", "c", "d"].map((name) => ({ name, match: {}, pool: "default" }));
    const [a, b, c, d] = routes;
    assert.ok(a && b && c && d);
    const moved = diff({ backends, routes }, { backends, routes: [a, c, b, d] });
    assert.deepEqual(lines(moved), ["~ routes: [ b, c ] -> [ c, b ]"]);
    assert.deepEqual(lines(diff({ backends, routes }, { backends, routes: [a, c, d] })), [
      "- route b (every request, to pool default)",
    ]);
  });
});
