import type { Percentiles, Sample } from "../admin/index.ts";

/** One line of a plot; null where there is no value. */
export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** What a plot shows: seconds since the epoch, and lines over them. */
export interface Series {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

/** Lines of one plot; what there is more of is added up in one. */
const MAX_LINES = 7;

/** How far back plots look, in milliseconds. */
export const PLOT_SPAN = 3_600_000;

/** Adds samples to those already known: in order, each once, none older than the plots show. */
export function mergeSamples(known: readonly Sample[], more: readonly Sample[]): readonly Sample[] {
  if (more.length === 0) return known;
  const byTime = new Map([...known, ...more].map((sample) => [sample.time, sample]));
  const sorted = [...byTime.values()].toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
  const end = Date.parse(sorted.at(-1)?.time ?? "");
  return sorted.filter(({ time }) => Date.parse(time) > end - PLOT_SPAN);
}

/** A plot of some values of each sample. */
export function seriesOf(
  samples: readonly Sample[],
  lines: readonly (readonly [label: string, of: (sample: Sample) => number | null])[],
): Series {
  return {
    times: samples.map(({ time }) => Date.parse(time) / 1000),
    lines: lines.map(([label, of]) => ({ label, values: samples.map(of) })),
  };
}

/** The percentiles of one side's round trips. */
export function roundTrips(samples: readonly Sample[], side: "client" | "backend"): Series {
  const at = (key: keyof Percentiles) => (sample: Sample) => sample.rtt[side]?.[key] ?? null;
  return seriesOf(samples, [
    ["p50", at("p50")],
    ["p90", at("p90")],
    ["p99", at("p99")],
  ]);
}

/** Closes by code, the most frequent first. */
export function closeCodes(samples: readonly Sample[]): Series {
  return topLines(
    samples,
    samples.map(({ closeCodes: codes }) => new Map(Object.entries(codes))),
  );
}

/** Tunnels by backend, the most loaded first; the pool is named where there are several. */
export function tunnelsByBackend(samples: readonly Sample[]): Series {
  const pools = new Set(samples.flatMap(({ backends }) => backends.map(({ pool }) => pool)));
  const named = (pool: string, backend: string): string =>
    pools.size > 1 ? `${pool} ${shortName(backend)}` : shortName(backend);
  return topLines(
    samples,
    samples.map(
      ({ backends }) => new Map(backends.map(({ pool, backend, tunnels }) => [named(pool, backend), tunnels])),
    ),
  );
}

/** A backend's name without the scheme, which nearly always is the same. */
export const shortName = (backend: string): string => backend.replace(/^wss?:\/\//, "");

function topLines(samples: readonly Sample[], values: readonly ReadonlyMap<string, number>[]): Series {
  const sums = new Map<string, number>();
  for (const row of values) for (const [label, value] of row) sums.set(label, (sums.get(label) ?? 0) + value);
  const labels = [...sums].toSorted(([, a], [, b]) => b - a).map(([label]) => label);
  const own = labels.length > MAX_LINES ? labels.slice(0, MAX_LINES - 1) : labels;
  const others = labels.slice(own.length);
  const lines: Line[] = own.map((label) => ({ label, values: values.map((row) => row.get(label) ?? 0) }));
  if (others.length > 0) {
    const sum = (row: ReadonlyMap<string, number>): number =>
      others.reduce((all, label) => all + (row.get(label) ?? 0), 0);
    lines.push({ label: `${others.length} others`, values: values.map(sum) });
  }
  return { times: samples.map(({ time }) => Date.parse(time) / 1000), lines };
}
