/** What the page makes of what it is told: events, samples, numbers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Sample } from "../../src/admin/source.ts";
import { bytes, count, duration, latency, plural, rate } from "../../src/dashboard/format.ts";
import { closeCodes, mergeSamples, PLOT_SPAN, roundTrips, tunnelsByBackend } from "../../src/dashboard/series.ts";
import { eventReader } from "../../src/dashboard/stream.ts";
import type { StreamEvent } from "../../src/dashboard/stream.ts";

const START = Date.parse("2026-11-23T10:00:00Z");

const sample = (seconds: number, more: Partial<Sample> = {}): Sample => ({
  time: new Date(START + seconds * 1000).toISOString(),
  seconds: 10,
  tunnels: 1,
  opened: 0,
  closed: 0,
  refused: 0,
  rehomed: 0,
  messages: { fromClient: 0, fromBackend: 0 },
  bytes: { fromClient: 0, fromBackend: 0 },
  closeCodes: {},
  rtt: { client: null, backend: null },
  backends: [],
  ...more,
});

describe("a stream of events", () => {
  const readAll = (pieces: readonly string[]): StreamEvent[] => {
    const told: StreamEvent[] = [];
    const read = eventReader((event) => told.push(event));
    for (const piece of pieces) read(piece);
    return told;
  };

  test("is read alike, wherever it is split and however its lines end", () => {
    const lines = [
      ": hello",
      "id: 1",
      "data: one",
      "",
      "event: x",
      "id:2",
      "data: two",
      "data:  more",
      "",
      "retry: 5",
      "",
      "data: never ended",
    ];
    const expected = [
      { id: "1", data: "one" },
      { id: "2", data: "two\n more" },
    ];
    fc.assert(
      fc.property(fc.constantFrom("\n", "\r\n", "\r"), fc.array(fc.nat(80)), (end, cuts) => {
        const text = lines.join(end);
        const places = [0, ...cuts.map((cut) => cut % text.length).toSorted((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
        assert.deepEqual(readAll(pieces), expected);
      }),
    );
  });
});

describe("samples", () => {
  test("are kept in order, each once, for an hour", () => {
    const old = [sample(0), sample(10)];
    const merged = mergeSamples(old, [sample(10, { tunnels: 5 }), sample(20), sample(PLOT_SPAN / 1000 + 5)]);
    assert.deepEqual(
      merged.map(({ time, tunnels }) => [(Date.parse(time) - START) / 1000, tunnels]),
      [
        [10, 5],
        [20, 1],
        [PLOT_SPAN / 1000 + 5, 1],
      ],
    );
    assert.equal(mergeSamples(merged, []), merged);
  });

  test("give a line for each code, the most frequent first, and 0 where it did not come", () => {
    const { times, lines } = closeCodes([
      sample(0, { closeCodes: { "1000": 1 } }),
      sample(10, { closeCodes: { "1012": 9 } }),
    ]);
    assert.deepEqual(times, [START / 1000, START / 1000 + 10]);
    assert.deepEqual(lines, [
      { label: "1012", values: [0, 9] },
      { label: "1000", values: [1, 0] },
    ]);
  });

  test("give no more than seven lines: what is left is added up", () => {
    const backends = Array.from({ length: 10 }, (_, index) => ({
      pool: "a",
      backend: `ws://b${index}`,
      tunnels: 10 - index,
    }));
    const { lines } = tunnelsByBackend([sample(0, { backends })]);
    assert.deepEqual(
      lines.map(({ label, values }) => [label, values[0]]),
      [
        ["b0", 10],
        ["b1", 9],
        ["b2", 8],
        ["b3", 7],
        ["b4", 6],
        ["b5", 5],
        ["4 others", 10],
      ],
    );
  });

  test("name the pool of a backend where there are several", () => {
    const backends = ["a", "b"].map((pool) => ({ pool, backend: "wss://one", tunnels: 1 }));
    assert.deepEqual(
      tunnelsByBackend([sample(0, { backends })]).lines.map(({ label }) => label),
      ["a one", "b one"],
    );
  });

  test("leave a gap where there was no heartbeat", () => {
    const rtt = { client: { p50: 1, p90: 2, p99: 3 }, backend: null };
    const [p50] = roundTrips([sample(0, { rtt }), sample(10)], "client").lines;
    assert.deepEqual(p50?.values, [1, null]);
  });
});

test("numbers are short, and sizes and times have their unit", () => {
  assert.deepEqual([0, 0.423, 3.14, 17.4, 1234, 12_345, 2_500_000].map(rate), [
    "0",
    "0.42",
    "3.1",
    "17",
    "1,234",
    "12.3k",
    "2.5M",
  ]);
  assert.deepEqual([0, 999, 1440, 250_000, 3e9].map(bytes), ["0 B", "999 B", "1.4 kB", "250 kB", "3.0 GB"]);
  assert.deepEqual([null, 0, 0.84, 34.4, 1234].map(latency), ["–", "0 ms", "0.8 ms", "34 ms", "1.2 s"]);
  assert.deepEqual([0, 42_900, 185_000, 8_040_000, 273_600_000].map(duration), [
    "0s",
    "42s",
    "3m 05s",
    "2h 14m",
    "3d 4h",
  ]);
  assert.deepEqual(
    [plural(1, "tunnel"), plural(1200, "tunnel"), count(1234.4)],
    ["1 tunnel", "1,200 tunnels", "1,234"],
  );
});
