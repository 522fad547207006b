import assert from "node:assert/strict";
import test from "node:test";
import {
  History,
  Histogram,
  LATENCY_SECONDS,
  NO_MEASURES,
  SAMPLE_INTERVAL_MS,
  sampleOf,
  SAMPLES_MAX,
} from "../../src/metrics/index.ts";
import type { Measures, Moment, Tally } from "../../src/metrics/index.ts";

const moment = (now: number, totals: Partial<Measures["totals"]> = {}, more: Partial<Measures> = {}): Moment => ({
  wall: 1_000_000 + now,
  now,
  status: { tunnels: 7, refusedConnections: 0, pools: [] },
  measures: { ...NO_MEASURES, ...more, totals: { ...NO_MEASURES.totals, ...totals } },
});

const rtt = (...seconds: number[]): Partial<Measures> => {
  const histogram = new Histogram(LATENCY_SECONDS);
  for (const value of seconds) histogram.observe(value);
  return { distributions: { ...NO_MEASURES.distributions, rttSeconds: [[["client"], histogram.snapshot()]] } };
};

test("a sample tells rates of what has grown between two moments", () => {
  const carried = (messages: number): Tally => [
    [["chat", "ws://one", "from_client"], messages],
    [["game", "ws://two", "from_client"], messages],
    [["chat", "ws://one", "from_backend"], 5],
  ];
  const closed = (normal: number, none: number): Tally => [
    [["chat", "ws://one", "client", "client-close", "1000"], normal],
    [["chat", "ws://one", "client", "client-vanished", "none"], none],
    [["chat", "ws://one", "backend", "backend-close", "1001"], 3],
  ];
  const handshakes = (opened: number, refused: number): Tally => [
    [["chat", "opened"], opened],
    [["chat", "NO_CANDIDATE"], refused],
  ];
  const rehomings = (rehomed: number, failed: number): Tally => [
    [["chat", "killed", "rehomed"], rehomed],
    [["chat", "drain", "failed"], failed],
  ];
  const before = moment(0, {
    messages: carried(10),
    tunnelsClosed: closed(1, 0),
    handshakes: handshakes(4, 1),
    rehomings: rehomings(2, 0),
  });
  const after = moment(5_000, {
    messages: carried(60),
    tunnelsClosed: closed(11, 5),
    handshakes: handshakes(9, 11),
    rehomings: rehomings(22, 3),
  });
  const sample = sampleOf(before, after);
  assert.equal(sample.seconds, 5);
  assert.equal(sample.time, new Date(1_005_000).toISOString());
  assert.equal(sample.tunnels, 7);
  assert.deepEqual(sample.messages, { fromClient: 20, fromBackend: 0 });
  assert.equal(sample.closed, 3);
  assert.equal(sample.refused, 2);
  assert.equal(sample.rehomed, 4);
  assert.deepEqual(sample.closeCodes, { 1000: 2, none: 1 });
  assert.deepEqual(sample.rtt, { client: null, backend: null });
});

test("percentiles of heartbeats are of the sample's own time", () => {
  const { rtt: measured } = sampleOf(moment(0, {}, rtt(20, 20, 20)), moment(5_000, {}, rtt(20, 20, 20, 0.02)));
  assert.ok(measured.client !== null && measured.client.p99 <= 25 && measured.client.p50 > 10);
  assert.equal(sampleOf(moment(0, {}, rtt(1)), moment(5_000, {}, rtt(1))).rtt.client, null);
});

test("counts that were lost with a worker make no negative rate", () => {
  const opened = (count: number): Partial<Measures["totals"]> => ({ tunnelsOpened: [[["chat", "ws://one"], count]] });
  assert.equal(sampleOf(moment(0, opened(5)), moment(1_000, opened(2))).opened, 0);
});

test("an hour of samples is kept, oldest first, and those after a moment can be asked for", () => {
  const history = new History();
  assert.deepEqual(history.since(), []);
  const total = SAMPLES_MAX + 10;
  for (let step = 0; step <= total; step += 1) history.add(moment(step * SAMPLE_INTERVAL_MS));
  const samples = history.since();
  assert.equal(samples.length, SAMPLES_MAX);
  assert.deepEqual(
    samples.map(({ time }) => time),
    samples.map(({ time }) => time).toSorted(),
  );
  assert.equal(history.since(1_000_000 + (total - 3) * SAMPLE_INTERVAL_MS).length, 3);
});
