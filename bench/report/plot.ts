import * as Plot from "@observablehq/plot";
import type { ScenarioResult } from "../contest.ts";
import type { Family } from "../proxies/variant.ts";
import { figure, standingOf } from "./summary.ts";
import { emptyPage, legend, svgText } from "./svg.ts";

/** One point of the plot: what the other needs where fairlead needs 1. */
export interface Point {
  readonly row: string;
  readonly id: string;
  readonly family: Family;
  readonly tuned: boolean;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const COLOURS: Readonly<Partial<Record<string, string>>> = {
  fairlead: "#111111",
  nginx: "#1b9e3b",
  haproxy: "#2166ac",
  caddy: "#7b3294",
  "http-proxy": "#e08214",
  "http-proxy-3": "#d6604d",
  httpxy: "#b2182b",
  fastify: "#8c6d31",
};
const OTHER_COLOUR = "#777777";
const colourOf = (name: string): string => COLOURS[name] ?? OTHER_COLOUR;

const WIDTH = 960;
const LEGEND_DY = -28;
const ROW_HEIGHT = 34;
const MARGINS = { marginTop: 70, marginBottom: 45, marginLeft: 170, marginRight: 30 };

/** The points of every scenario's first metric. Where more is better the ratio is turned over: right is always worse. */
export function pointsOf(results: readonly ScenarioResult[]): Point[] {
  return results.flatMap((result) => {
    const [metric] = result.metrics;
    const fairlead = standingOf(result, "fairlead");
    const one = metric && fairlead && figure(fairlead, metric.key)?.median;
    if (metric === undefined || one === undefined) return [];
    const cost = (value: number): number => (metric.better === "lower" ? value / one : one / value);
    return result.standings.flatMap((standing) => {
      const spread = figure(standing, metric.key);
      const { id, family, tuning } = standing.variant;
      if (spread === undefined || family === "direct") return [];
      const values = [cost(spread.min), cost(spread.max)];
      const [low, high] = [Math.min(...values), Math.max(...values)];
      // A logarithmic axis has no place for what is not above zero.
      if (!(low > 0) || !Number.isFinite(high)) return [];
      return [{ row: result.name, id, family, tuned: tuning === "tuned", median: cost(spread.median), low, high }];
    });
  });
}

/** The plot as the text of an SVG file; undefined when there is nothing to show. */
export function plotText(results: readonly ScenarioResult[], caption: string): string | undefined {
  const points = pointsOf(results);
  if (points.length === 0) return undefined;
  const rows = [...new Set(points.map(({ row }) => row))];
  const families = [...new Set(points.map(({ family }) => family))];
  const chart: unknown = Plot.plot({
    document: emptyPage(),
    width: WIDTH,
    height: MARGINS.marginTop + MARGINS.marginBottom + rows.length * ROW_HEIGHT,
    ...MARGINS,
    style: { background: "white", fontSize: "12px" },
    x: {
      type: "log",
      inset: 12,
      tickFormat: String,
      grid: true,
      label: "cost of the same work, fairlead = 1 (CPU or memory; further right is worse) →",
    },
    y: { domain: rows, label: null },
    marks: [
      Plot.ruleX([1], { stroke: "#111111" }),
      Plot.ruleY(points, {
        y: "row",
        x1: "low",
        x2: "high",
        stroke: (point: Point) => colourOf(point.family),
        strokeOpacity: 0.5,
      }),
      Plot.dot(points, {
        y: "row",
        x: "median",
        r: 4.5,
        stroke: (point: Point) => colourOf(point.family),
        fill: (point: Point) => (point.tuned ? colourOf(point.family) : "white"),
        title: (point: Point) => `${point.id}: ${point.median.toFixed(2)}`,
      }),
      ...legend(families, colourOf, MARGINS.marginLeft, LEGEND_DY),
      Plot.text([caption], { frameAnchor: "top-left", dx: -MARGINS.marginLeft + 10, dy: -55, textAnchor: "start" }),
    ],
  });
  return svgText(chart);
}
