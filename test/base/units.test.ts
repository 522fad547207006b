import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../src/base/index.ts";

test("durations are read as people write them", () => {
  const cases: [string, number | undefined][] = [
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5h", 5_400_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    [" 10m ", 600_000],
    ["0", 0],
    ["0s", 0],
    ["1.001s", 1001],
  ];
  for (const [text, expected] of cases) assert.equal(parseDuration(text), expected, text);
});

test("what has no unit, a wrong unit or a sign is no duration", () => {
  for (const text of [
    "",
    "30",
    "s",
    "-5s",
    "+5s",
    "5 s",
    "5S",
    "1e3s",
    "5sec",
    "1h 30m",
    ".5s",
    "5.s",
    "off",
    "9".repeat(400),
  ]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test("sizes are read as people write them, in any case", () => {
  const cases: [string, number | undefined][] = [
    ["512B", 512],
    ["16KiB", 16_384],
    ["16kib", 16_384],
    ["1.5 MiB", 1_572_864],
    ["10MB", 10_000_000],
    ["2GiB", 2 ** 31],
    ["0", 0],
  ];
  for (const [text, expected] of cases) assert.equal(parseSize(text), expected, text);
});

test("what has no unit, a wrong unit or a sign is no size", () => {
  for (const text of ["", "16", "16K", "16Ki", "-1KiB", "1e3B", "KiB", "1 000B", "99999999TiB"]) {
    assert.equal(parseSize(text), undefined, text);
  }
});

test("a formatted duration is read back as the same", () => {
  fc.assert(
    fc.property(fc.nat({ max: 10 ** 11 }), (ms) => {
      assert.equal(parseDuration(formatDuration(ms)), ms);
    }),
  );
});

test("a formatted size is read back as the same", () => {
  const sizes = fc.tuple(fc.nat({ max: 4096 }), fc.constantFrom(1, 1000, 1024, 1024 ** 2, 1024 ** 3, 1024 ** 4));
  fc.assert(
    fc.property(sizes, ([count, unit]) => {
      assert.equal(parseSize(formatSize(count * unit)), count * unit);
    }),
  );
});

test("quantities are written in the units that people would choose", () => {
  const durations: [number, string][] = [
    [0, "0s"],
    [0.25, "0.25ms"],
    [250, "250ms"],
    [1500, "1.5s"],
    [90_000, "1m30s"],
    [86_400_000, "1d"],
    [-5000, "-5s"],
    [Number.POSITIVE_INFINITY, "forever"],
  ];
  for (const [ms, text] of durations) assert.equal(formatDuration(ms), text);
  assert.equal(formatSize(16_384), "16KiB");
  assert.equal(formatSize(1500), "1500B");
  assert.equal(formatSize(0), "0B");
});
