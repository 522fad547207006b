import type {
  BackendStatus,
  HistogramCounts,
  InstanceReading,
  Labelled,
  Measures,
  Status,
  WorkerReading,
} from "../metrics/index.ts";

/** Everything that is known of an instance at one moment. */
export interface Facts {
  readonly status: Status;
  /** Over all workers, those that have ended included. */
  readonly measures: Measures;
  readonly workers: readonly WorkerReading[];
  readonly instance: InstanceReading;
}

/** One metric: what it is called, what it means, and where its values come from. */
export interface Metric {
  /** In Prometheus's convention: `fairlead_`, base unit, `_total` for what only grows. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  readonly values: (facts: Facts) => Labelled<number | HistogramCounts>;
}

type Numbers = (facts: Facts) => Labelled<number>;

export const counter = (name: string, labels: readonly string[], help: string, values: Numbers): Metric => ({
  name,
  type: "counter",
  help,
  labels,
  values,
});

export const gauge = (name: string, labels: readonly string[], help: string, values: Numbers): Metric => ({
  name,
  type: "gauge",
  help,
  labels,
  values,
});

export const histogram = (
  name: string,
  labels: readonly string[],
  help: string,
  values: (facts: Facts) => Labelled<HistogramCounts>,
): Metric => ({ name, type: "histogram", help, labels, values });

/** One value without labels; none where there is nothing to tell. */
export const one =
  (read: (facts: Facts) => number | null): Numbers =>
  (facts) => {
    const value = read(facts);
    return value === null ? [] : [[[], value]];
  };

/** A value for each backend of each pool, of which there is something to tell. */
export const perBackend =
  (read: (backend: BackendStatus) => number | null | undefined): Numbers =>
  ({ status }) =>
    status.pools.flatMap((pool) =>
      pool.backends.flatMap((backend) => {
        const value = read(backend);
        return value === null || value === undefined ? [] : [[[pool.name, backend.name], value] as const];
      }),
    );

/** A value for each worker that is there. */
export const perWorker =
  (read: (worker: WorkerReading) => number | null): Numbers =>
  ({ workers }) =>
    workers.flatMap((worker) => {
      const value = read(worker);
      return value === null ? [] : [[[worker.id], value] as const];
    });
