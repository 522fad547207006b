import type { Milliseconds } from "../base/index.ts";

import { histogramSince, percentileOf } from "./histogram.ts";
import type { HistogramCounts } from "./histogram.ts";
import type { Measures } from "./measures.ts";
import type { Status } from "./status.ts";
import { totalOf } from "./tally.ts";
import type { Labelled, Tally } from "./tally.ts";

/** Time between two samples. */
export const SAMPLE_INTERVAL_MS: Milliseconds = 5_000;
/** How far back samples go. */
const HISTORY_MS: Milliseconds = 3_600_000;
/** Samples that are kept. */
export const SAMPLES_MAX = HISTORY_MS / SAMPLE_INTERVAL_MS;

const SECOND_MS = 1_000;

/** Percentiles of round-trip times, in milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What an instance did in one stretch of time. */
export interface Sample {
  /** Its end, ISO 8601. */
  readonly time: string;
  /** Its length; what is said per second is a mean over it. */
  readonly seconds: number;
  /** Open at its end. */
  readonly tunnels: number;
  /** Per second, like all rates here. */
  readonly opened: number;
  readonly closed: number;
  readonly refused: number;
  /** Tunnels that have got another backend. */
  readonly rehomed: number;
  readonly messages: { readonly fromClient: number; readonly fromBackend: number };
  readonly bytes: { readonly fromClient: number; readonly fromBackend: number };
  /** By the code that the client was told, or told us; `none` where there was no Close. */
  readonly closeCodes: Readonly<Record<string, number>>;
  /** Heartbeats of that time; null where there was none. */
  readonly rtt: { readonly client: Percentiles | null; readonly backend: Percentiles | null };
  readonly backends: readonly { readonly pool: string; readonly backend: string; readonly tunnels: number }[];
}

/** What was counted at one moment. */
export interface Moment {
  /** Since the epoch. */
  readonly wall: Milliseconds;
  /** Monotonic. */
  readonly now: Milliseconds;
  readonly status: Pick<Status, "tunnels" | "refusedConnections" | "pools">;
  readonly measures: Measures;
}

/** The samples of the last hour. */
export class History {
  private last: Moment | undefined;
  private readonly ring: { readonly wall: Milliseconds; readonly sample: Sample }[] = [];
  private next = 0;

  /** Makes a sample of what has changed since the moment before. */
  add(moment: Moment): void {
    const { last } = this;
    this.last = moment;
    if (last === undefined || moment.now <= last.now) return;
    this.ring[this.next] = { wall: moment.wall, sample: sampleOf(last, moment) };
    this.next = (this.next + 1) % SAMPLES_MAX;
  }

  /** Oldest first. @param wall only those that ended after it, in milliseconds since the epoch */
  since(wall = Number.NEGATIVE_INFINITY): readonly Sample[] {
    const inOrder = [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
    return inOrder.filter((kept) => kept.wall > wall).map(({ sample }) => sample);
  }
}

/** What happened between two moments. Counts of a worker that crashed may be lost; no rate is below 0 for that. */
export function sampleOf(before: Moment, after: Moment): Sample {
  const seconds = (after.now - before.now) / SECOND_MS;
  const rate = (read: (moment: Moment) => number): number => Math.max(0, read(after) - read(before)) / seconds;
  const totals = (name: "tunnelsOpened" | "tunnelsClosed"): number =>
    rate(({ measures }) => totalOf(measures.totals[name]));
  const flow = (name: "messages" | "bytes"): Sample["bytes"] => {
    const from = (direction: string): number =>
      rate(({ measures }) => totalOf(measures.totals[name], ([, , label]) => label === direction));
    return { fromClient: from("from_client"), fromBackend: from("from_backend") };
  };
  return {
    time: new Date(after.wall).toISOString(),
    seconds,
    tunnels: after.status.tunnels,
    opened: totals("tunnelsOpened"),
    closed: totals("tunnelsClosed"),
    refused: rate(refusals),
    rehomed: rate(({ measures }) => totalOf(measures.totals.rehomings, ([, , outcome]) => outcome === "rehomed")),
    messages: flow("messages"),
    bytes: flow("bytes"),
    closeCodes: codeRates(before.measures.totals.tunnelsClosed, after.measures.totals.tunnelsClosed, seconds),
    rtt: { client: rttOf("client", before, after), backend: rttOf("backend", before, after) },
    backends: after.status.pools.flatMap((pool) =>
      pool.backends.map(({ name, open }) => ({ pool: pool.name, backend: name, tunnels: open })),
    ),
  };
}

function refusals({ measures, status }: Moment): number {
  return totalOf(measures.totals.handshakes, ([, outcome]) => outcome !== "opened") + status.refusedConnections;
}

/** Of the codes that occurred. */
function codeRates(before: Tally, after: Tally, seconds: number): Record<string, number> {
  const rates: Record<string, number> = {};
  for (const code of new Set(after.map(([labels]) => labels[CODE] ?? ""))) {
    const counted = (tally: Tally): number => totalOf(tally, (labels) => labels[CODE] === code);
    const count = counted(after) - counted(before);
    if (count > 0) rates[code] = count / seconds;
  }
  return rates;
}

/** Place of the label `code` among those of `tunnelsClosed`. */
const CODE = 4;

function rttOf(leg: "client" | "backend", before: Moment, after: Moment): Percentiles | null {
  const now = histogramFor(after.measures.distributions.rttSeconds, leg);
  if (now === undefined) return null;
  const then = histogramFor(before.measures.distributions.rttSeconds, leg);
  const since = then === undefined ? now : histogramSince(now, then);
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => percentileOf(since, share));
  if (p50 === undefined || p90 === undefined || p99 === undefined) return null;
  return { p50: p50 * SECOND_MS, p90: p90 * SECOND_MS, p99: p99 * SECOND_MS };
}

function histogramFor(all: Labelled<HistogramCounts>, leg: string): HistogramCounts | undefined {
  return all.find(([[label]]) => label === leg)?.[1];
}
