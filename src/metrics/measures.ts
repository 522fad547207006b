import type { Milliseconds } from "../base/index.ts";

import { addHistograms } from "./histogram.ts";
import type { HistogramCounts } from "./histogram.ts";
import { ByLabels, sumTallies } from "./tally.ts";
import type { BackendMeasured } from "./status.ts";
import type { Labelled, Tally } from "./tally.ts";

/** What only grows, each with its labels in their order. */
export const TOTALS = {
  /** `outcome`: `opened`, a code of an error, or the class of the status with which a backend refused (`4xx`). */
  handshakes: ["pool", "outcome"],
  /** `outcome`: `upgraded`, `refused` (with a status of the backend's own) or a code of an error. */
  dials: ["pool", "backend", "outcome"],
  tunnelsOpened: ["pool", "backend"],
  /** `code`: the one that the client was told, else the one that it told. */
  tunnelsClosed: ["pool", "backend", "initiator", "cause", "code"],
  /** Close frames; `direction`: `told` or `heard`. */
  closes: ["pool", "leg", "direction", "code"],
  /** Whole messages; `direction`: `from_client` or `from_backend`. */
  messages: ["pool", "backend", "direction"],
  /** Bytes of tunnels, headers of frames included; `direction` likewise. */
  bytes: ["pool", "backend", "direction"],
  /** Payload bytes of data frames, likewise. */
  payloadBytes: ["direction"],
  /** Handshakes and requests that found no place at a backend and none in the queue. */
  refusedByAdmission: ["pool"],
  /** Times that a tunnel has left its backend; `outcome`: `rehomed` when another one took it, else `failed`. */
  rehomings: ["pool", "reason", "outcome"],
  /** Messages of clients that may not have reached a backend that was lost. */
  rehomeLost: ["pool"],
  /** Plain requests; `status`: the class of the answer's, such as `2xx`. */
  httpRequests: ["pool", "status"],
  /** Bytes of the bodies of plain requests and answers. */
  httpBytes: ["pool", "direction"],
  /** What was no request that could be read. */
  badRequests: [],
} as const;

/** What is counted in buckets, likewise. */
export const DISTRIBUTIONS = {
  /** From the request to the 101 (`opened`) or the end of another answer (`refused`). */
  handshakeSeconds: ["pool", "outcome"],
  /** From the request to the end of the tunnel. */
  tunnelSeconds: ["pool"],
  /** From a plain request to the end of its answer. */
  httpSeconds: ["pool"],
  /** From the end of one backend to the next, or to giving up. */
  rehomeSeconds: ["pool", "outcome"],
  /** Of heartbeats. */
  rttSeconds: ["leg"],
  /** Time that was spent in a pool's queue. */
  queueSeconds: ["pool"],
  /** Payload of data frames. */
  frameBytes: ["direction"],
} as const;

/** What is so at the moment, likewise. */
export const LEVELS = {
  /** Bytes that wait to be written to clients or backends. */
  backlogBytes: ["leg"],
  /** Handshakes and requests in a pool's queue. */
  queued: ["pool"],
  /** Tunnels of a pool that have no backend. */
  rehoming: ["pool"],
} as const;

export type TotalName = keyof typeof TOTALS;
export type DistributionName = keyof typeof DISTRIBUTIONS;
export type LevelName = keyof typeof LEVELS;

/** What has been measured, by one worker or over all of them; plain data. */
export interface Measures {
  readonly totals: Readonly<Record<TotalName, Tally>>;
  readonly distributions: Readonly<Record<DistributionName, Labelled<HistogramCounts>>>;
  readonly levels: Readonly<Record<LevelName, Tally>>;
}

/** What a process takes of its machine. */
export interface ProcessReading {
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  /** Memory of buffers and the like, outside the heap. */
  readonly externalBytes: number;
  /** Since its start. */
  readonly cpuSeconds: { readonly user: number; readonly system: number };
  /** How much later than they were due timers ran, over the last stretch of time that was looked at. */
  readonly eventLoopDelay: { readonly p50: Milliseconds; readonly p99: Milliseconds; readonly max: Milliseconds };
}

/** What is measured of one backend: the pool's name, the backend's name. */
export type BackendReadout = readonly [pool: string, backend: string, measured: BackendMeasured];

/** What one worker has measured. */
export interface WorkerMetrics extends Measures {
  readonly process: ProcessReading;
  /** Latest heartbeats of the open tunnels towards their backends, in seconds. Labels: pool, backend. */
  readonly roundTrips: Labelled<HistogramCounts>;
  /** What balancing methods go by, as this worker knows it of all; of pools whose method measures anything. */
  readonly measured: readonly BackendReadout[];
}

const entriesOf = <Name extends string, Value>(
  names: Readonly<Record<Name, unknown>>,
  make: (name: Name) => Value,
): Record<Name, Value> =>
  // The names are the record's own keys, which Object.keys gives as mere strings.
  Object.fromEntries((Object.keys(names) as Name[]).map((name) => [name, make(name)])) as Record<Name, Value>;

/** Makes one thing for each total. */
export const forTotals = <Value>(make: (name: TotalName) => Value): Record<TotalName, Value> => entriesOf(TOTALS, make);

/** Makes one thing for each distribution. */
export const forDistributions = <Value>(make: (name: DistributionName) => Value): Record<DistributionName, Value> =>
  entriesOf(DISTRIBUTIONS, make);

/** Makes one thing for each level. */
const forLevels = <Value>(make: (name: LevelName) => Value): Record<LevelName, Value> => entriesOf(LEVELS, make);

/** What nobody has measured yet. */
export const NO_MEASURES: Measures = sumMeasures([]);

/** Adds up what several have measured. */
export function sumMeasures(all: readonly Measures[]): Measures {
  return {
    totals: forTotals((name) => sumTallies(all.map(({ totals }) => totals[name]))),
    distributions: forDistributions((name) => sumLabelled(all.map(({ distributions }) => distributions[name]))),
    levels: forLevels((name) => sumTallies(all.map(({ levels }) => levels[name]))),
  };
}

/** What stays of something that has ended: all but its levels. */
export function endedMeasures({ totals, distributions }: Measures): Measures {
  return { totals, distributions, levels: NO_MEASURES.levels };
}

/** Adds up what several have counted in buckets. */
export function sumLabelled(all: readonly Labelled<HistogramCounts>[]): Labelled<HistogramCounts> {
  const sums = new ByLabels<HistogramCounts | undefined>(() => undefined);
  for (const one of all) {
    for (const [labels, counts] of one) {
      sums.change(labels, (sum) => (sum === undefined ? counts : addHistograms(sum, counts)));
    }
  }
  return sums.all().flatMap(([labels, sum]) => (sum === undefined ? [] : [[labels, sum] as const]));
}
