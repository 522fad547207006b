import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean } from "../../src/base/index.ts";

const KNOWN = ["least-connections", "round-robin", "random", "hash", "maxMessageSize"];

test("small mistakes find the word that was meant", () => {
  const cases: [string, string][] = [
    ["least-conections", "least-connections"],
    ["leastConnections", "least-connections"],
    ["ROUND_ROBIN", "round-robin"],
    ["hsh", "hash"],
    ["max-message-size", "maxMessageSize"],
    ["randon", "random"],
    ["hahs", "hash"],
    ["least-conn", "least-connections"],
    ["max", "maxMessageSize"],
  ];
  for (const [word, meant] of cases) assert.equal(didYouMean(word, KNOWN), meant);
});

test("a word that resembles nothing is not guessed at", () => {
  assert.equal(didYouMean("weather", KNOWN), undefined);
  assert.equal(didYouMean("", KNOWN), undefined);
  assert.equal(didYouMean("hash", []), undefined);
  assert.equal(didYouMean("x", ["h"]), undefined, "no letter is the same");
  assert.equal(didYouMean("H", ["h"]), "h");
});
