import * as Plot from "@observablehq/plot";
import { emptyPage, legend, stackedText } from "../report/svg.ts";
import type { Course, Moment } from "./measurement.ts";
import type { Scenario } from "./scenario.ts";

const WIDTH = 960;
const HEIGHT = 230;
const LEGEND_HEIGHT = 55;
const MARGINS = { marginLeft: 60, marginRight: 20, marginBottom: 40 };
const COLOURS = ["#111111", "#8c6d31", "#2166ac", "#999999", "#1b9e3b", "#b2182b", "#e08214", "#7b3294"];
/** Where what stands above a plot begins. */
const ABOVE = { frameAnchor: "top-left", dx: -MARGINS.marginLeft + 10, textAnchor: "start" } as const;
const TITLE_DY = -62;
const LEGEND_DY = -40;
const TICKS = 5;
/** Seconds that a point of the plot stands for. */
const STEP = 10;
const MINUTE = 60;

/** One method's run. */
export interface Line {
  readonly method: string;
  readonly course: Course;
}

/** One point: a method's mean over some seconds. */
interface Point {
  readonly method: string;
  readonly minute: number;
  readonly value: number;
}

const PANELS = [
  { key: "tunnels", label: "tunnels, max/mean", type: "linear" },
  { key: "messages", label: "messages, max/mean", type: "linear" },
  { key: "wait", label: "p99 of the wait, ms", type: "log" },
] as const;

/** A scenario over time, as the text of an SVG file: imbalance of tunnels and of messages, and what messages wait. */
export function plotText(scenario: Scenario, lines: readonly Line[]): string {
  const methods = lines.map(({ method }) => method);
  const colourOf = (method: string): string => COLOURS[methods.indexOf(method) % COLOURS.length] ?? "#777777";
  const charts = PANELS.map(({ key, label, type }, index) => {
    const height = index === 0 ? HEIGHT + LEGEND_HEIGHT : HEIGHT;
    const chart: unknown = Plot.plot({
      document: emptyPage(),
      width: WIDTH,
      height,
      ...MARGINS,
      marginTop: index === 0 ? LEGEND_HEIGHT + 30 : 30,
      style: { background: "white", fontSize: "12px" },
      x: { label: "minutes", grid: true },
      y: { label: null, type, grid: true, ticks: TICKS, tickFormat: String },
      marks: [
        Plot.text([label], { ...ABOVE, dy: -12, fontWeight: "bold" }),
        Plot.line(
          lines.flatMap((line) => pointsOf(line, key)),
          {
            x: "minute",
            y: "value",
            z: "method",
            stroke: ({ method }: Point) => colourOf(method),
            strokeWidth: 1.5,
          },
        ),
        ...(index === 0 ? header(scenario, methods, colourOf) : []),
      ],
    });
    return { chart, height };
  });
  return stackedText(charts, WIDTH);
}

function header({ name, about }: Scenario, methods: readonly string[], colourOf: (method: string) => string) {
  return [
    Plot.text([`${name}: ${about}`], { ...ABOVE, dy: TITLE_DY }),
    ...legend(methods, colourOf, MARGINS.marginLeft, LEGEND_DY),
  ];
}

function pointsOf({ method, course }: Line, key: keyof Omit<Moment, "at">): Point[] {
  const points: Point[] = [];
  for (let from = 0; from + STEP <= course.moments.length; from += STEP) {
    const some = course.moments.slice(from, from + STEP);
    const value = some.reduce((sum, moment) => sum + moment[key], 0) / STEP;
    points.push({ method, minute: (some[0]?.at ?? 0) / MINUTE, value });
  }
  return points;
}
