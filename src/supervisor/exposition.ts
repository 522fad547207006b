import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { MetricValueWithName, RegistryContentType } from "prom-client";

import type { HistogramCounts, Labelled } from "../metrics/index.ts";

import type { Facts, Metric } from "./metric.ts";
import { METRICS } from "./metrics-table.ts";

/** All metrics as a scraper reads them. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/**
 * Writes all metrics.
 *
 * @param accept the scraper's Accept header: OpenMetrics when it names it, else Prometheus's own text form
 */
export async function expose(facts: Facts, accept = ""): Promise<Exposition> {
  const wantsOpenMetrics = accept.toLowerCase().includes("application/openmetrics-text");
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(wantsOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE);
  for (const metric of METRICS) register(metric, facts, registry);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function register(metric: Metric, facts: Facts, registry: Registry<RegistryContentType>): void {
  const { name, help, type } = metric;
  const options = { name, help, labelNames: [...metric.labels], registers: [registry] };
  const values = metric.values(facts);
  if (type === "histogram") {
    registry.registerMetric(new SummedHistogram({ ...options, registers: [] }, metric.labels, values));
    return;
  }
  const made = type === "counter" ? new Counter(options) : new Gauge(options);
  // Without labels the library begins with a 0, which is not to stand where there is nothing to tell.
  if (values.length === 0 && metric.labels.length === 0) made.remove();
  for (const [labels, value] of values) {
    if (typeof value === "number") made.inc(labelled(metric.labels, labels), value);
  }
}

const labelled = (names: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));

interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

/** A histogram that was counted elsewhere: the library can only count by itself. */
class SummedHistogram extends Histogram {
  private readonly metricName: string;
  private readonly help: string;
  private readonly names: readonly string[];
  private readonly counted: Labelled<number | HistogramCounts>;

  constructor(options: HistogramOptions, names: readonly string[], counted: Labelled<number | HistogramCounts>) {
    super(options);
    this.metricName = options.name;
    this.help = options.help;
    this.names = names;
    this.counted = counted;
  }

  /** What the registry writes; the library's types leave it out. */
  getForPromString(): Promise<Written> {
    const { metricName: name, help, counted } = this;
    const values = counted.flatMap(([labels, counts]) =>
      typeof counts === "number" ? [] : lines(name, labelled(this.names, labels), counts),
    );
    return Promise.resolve({ name, help, type: "histogram", values });
  }
}

interface Written {
  readonly name: string;
  readonly help: string;
  readonly type: "histogram";
  readonly values: readonly MetricValueWithName<string>[];
}

function lines(
  name: string,
  labels: Record<string, string>,
  { bounds, counts, sum }: HistogramCounts,
): MetricValueWithName<string>[] {
  let below = 0;
  const buckets = Array.from(counts, (count, bucket) => {
    below += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bounds[bucket] ?? "+Inf") }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: below },
  ];
}
