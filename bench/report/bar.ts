import type { ScenarioResult } from "../contest.ts";
import { NODE_FAMILIES } from "../proxies/node-peers.ts";
import type { Family } from "../proxies/variant.ts";
import { bestOf, figure, standingOf } from "./summary.ts";

/** One line of what fairlead is held to. */
export interface BarLine {
  readonly work: string;
  readonly scenario: string;
  readonly metric: string;
  /** Whose figure is judged; fairlead with one worker where nothing is said. */
  readonly subject?: string;
  /** The other side of the ratio; undefined when the figure itself is judged, in the metric's unit. */
  readonly against: { readonly name: string; readonly families?: readonly Family[]; readonly id?: string } | undefined;
  /** The ratio (or figure) to reach, and the one beyond; at most where less is better, at least where more is. */
  readonly reach: number;
  readonly beyond?: number;
}

const NGINX = { name: "nginx", families: ["nginx"] } as const;
const HAPROXY = { name: "HAProxy", families: ["haproxy"] } as const;
const NODE = { name: "the best Node peer", families: NODE_FAMILIES } as const;
const ONE_WORKER = { name: "one worker", id: "fairlead" } as const;
const NGINX_DEFAULT = { name: "nginx as it comes", id: "nginx" } as const;
const HAPROXY_DEFAULT = { name: "HAProxy as it comes", id: "haproxy" } as const;

const cpu = (work: string, scenario: string, against: BarLine["against"], reach: number, beyond?: number): BarLine => ({
  work: `CPU per ${work}`,
  scenario,
  metric: "cpu",
  against,
  reach,
  ...(beyond === undefined ? {} : { beyond }),
});

const large = (work: string, scenario: string): BarLine[] => [
  cpu(work, scenario, NGINX, 1, 0.9),
  cpu(work, scenario, HAPROXY, 1, 0.9),
  cpu(work, scenario, NGINX_DEFAULT, 0.4),
  cpu(work, scenario, HAPROXY_DEFAULT, 0.7),
];

const memory = (work: string, scenario: string, metric: string, reach: number, beyond: number): BarLine => ({
  work: `memory ${work}`,
  scenario,
  metric,
  against: undefined,
  reach,
  beyond,
});

const handshakes = { work: "handshakes per CPU second", scenario: "handshakes", metric: "perCpuSecond" };

/** The bar. Against a family, it is the better of as it comes and tuned that counts. */
export const BAR: readonly BarLine[] = [
  cpu("64 B round trip", "echo-64", NGINX, 1.35, 1.1),
  cpu("64 B round trip", "echo-64", HAPROXY, 1, 0.85),
  cpu("64 B round trip", "echo-64", NODE, 0.5),
  cpu("64 B message, 16 in flight", "echo-64x16", NGINX, 1.1, 0.9),
  ...large("64 KiB round trip", "echo-64k"),
  ...large("1 MiB round trip", "echo-1m"),
  memory("per busy tunnel, 1,000 with 64 KiB", "memory-busy", "busy", 12, 8),
  cpu("fan-out message", "fan-out", NGINX, 1.2, 1),
  memory("per idle tunnel at 1,000", "memory-idle-1000", "rest1000", 8, 5),
  memory("per idle tunnel at 1,000", "memory-idle", "rest1000", 8, 5),
  memory("per idle tunnel at 5,000", "memory-idle", "rest5000", 8, 5),
  memory("per idle tunnel at 9,000", "memory-idle", "rest9000", 8, 5),
  { ...handshakes, against: NGINX, reach: 0.45, beyond: 0.7 },
  { ...handshakes, against: NODE, reach: 2 },
  { ...handshakes, work: "the same with two workers", subject: "fairlead-2", against: ONE_WORKER, reach: 0.8 },
  {
    work: "p99 added at half of nginx's peak",
    scenario: "added-latency",
    metric: "addedP99",
    against: NGINX,
    reach: 1.3,
    beyond: 1,
  },
  cpu("64 B round trip over wss", "wss-64", NGINX, 1.3, 1),
  cpu("64 KiB round trip over wss", "wss-64k", NGINX, 1.3, 1),
  { work: "heartbeats of 9,000 idle tunnels", scenario: "heartbeats", metric: "core", against: undefined, reach: 1 },
  { ...cpu("64 B round trip, two workers", "echo-64", ONE_WORKER, 1.1), subject: "fairlead-2" },
];

/** How fairlead stands to one line of the bar. */
export interface Verdict {
  readonly line: BarLine;
  /** Contestant that the ratio is against, or the unit of a figure. */
  readonly against: string;
  /** Undefined when it could not be measured. */
  readonly measured: number | undefined;
  readonly verdict: "beyond" | "reached" | "missed" | "not measured";
}

/** Judges the lines whose scenario has run. */
export function judge(results: readonly ScenarioResult[], bar: readonly BarLine[] = BAR): Verdict[] {
  return bar.flatMap((line) => {
    const result = results.find(({ name }) => name === line.scenario);
    return result === undefined ? [] : [judgeLine(line, result)];
  });
}

function judgeLine(line: BarLine, result: ScenarioResult): Verdict {
  const metric = result.metrics.find(({ key }) => key === line.metric);
  const standing = standingOf(result, line.subject ?? "fairlead");
  const mine = standing && figure(standing, line.metric)?.median;
  if (metric === undefined) throw new Error(`${line.scenario} has no metric ${line.metric}`);
  const { against } = line;
  let other: { id: string; median: number } | undefined = { id: metric.unit, median: 1 };
  if (against?.families !== undefined) other = bestOf(result, metric, against.families);
  else if (against?.id !== undefined) other = medianOf(result, against.id, line.metric);
  const named = against === undefined ? metric.unit : `${against.name}${other === undefined ? "" : ` (${other.id})`}`;
  // A latency taken away from another may be nothing, or less: then there is no ratio.
  const measured = mine === undefined || other === undefined || !(other.median > 0) ? undefined : mine / other.median;
  return { line, against: named, measured, verdict: verdictOf(measured, line, metric.better === "lower") };
}

function medianOf(result: ScenarioResult, id: string, key: string): { id: string; median: number } | undefined {
  const standing = standingOf(result, id);
  const median = standing && figure(standing, key)?.median;
  return median === undefined ? undefined : { id, median };
}

function verdictOf(measured: number | undefined, { reach, beyond }: BarLine, lower: boolean): Verdict["verdict"] {
  if (measured === undefined || Number.isNaN(measured)) return "not measured";
  const within = (limit: number): boolean => (lower ? measured <= limit : measured >= limit);
  if (beyond !== undefined && within(beyond)) return "beyond";
  return within(reach) ? "reached" : "missed";
}
