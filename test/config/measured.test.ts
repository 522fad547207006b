import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../src/config/index.ts";
import type { ConfigInput } from "../../src/config/index.ts";

const warningsOf = (chat: NonNullable<ConfigInput["pools"]>[string]): readonly string[] =>
  parseConfig({ pools: { chat }, defaultPool: "chat" }).warnings;

const backends = ["ws://10.0.0.1:8000", "ws://10.0.0.2:8000"];

test("a rebalance that would undo what least-load and fastest do is warned of", () => {
  const undoing = [
    { balance: "least-load", evens: "tunnels", out: "evens" },
    { balance: "fastest", evens: "tunnels", out: "rebalance" },
    { balance: "fastest", evens: "method", out: "rebalance" },
  ] as const;
  for (const { balance, evens, out } of undoing) {
    const [warning = "", ...others] = warningsOf({ backends, balance, rebalance: { evens } });
    assert.deepEqual(others, []);
    assert.match(
      warning,
      new RegExp(
        `^pools.chat.rebalance: .* ${balance} makes it uneven on purpose; leave ${out} out, .* tolerance of 0\\.5`,
      ),
    );
    assert.deepEqual(warningsOf({ backends, balance, rebalance: { evens, tolerance: 0.5 } }), []);
    assert.deepEqual(warningsOf({ backends, balance }), []);
  }
  assert.deepEqual(
    warningsOf({ backends, balance: "least-load", rebalance: {} }),
    [],
    "it evens what least-load evens",
  );
  assert.deepEqual(warningsOf({ backends, balance: "least-connections", rebalance: {} }), []);
});

test("options of the two methods have their defaults, and their limits say what is right", () => {
  const { pools } = parseConfig({ backends: ["ws://10.0.0.1:8000"], balance: "least-load" }).config;
  assert.deepEqual(pools["default"]?.balance, {
    method: "least-load",
    messageBytes: 4096,
    fromClient: 1,
    fromBackend: 0.5,
    tunnel: 0.1,
    window: 10_000,
  });
  assert.throws(
    () => warningsOf({ backends, balance: { method: "least-load", window: "10ms" } }),
    /expected at least 1s/,
  );
  assert.throws(() => warningsOf({ backends, balance: { method: "fastest", decay: "10ms" } }), /expected at least 1s/);
});
