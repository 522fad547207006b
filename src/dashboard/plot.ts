import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Series } from "./series.ts";
import { colours } from "./theme.ts";
import { html } from "./view.ts";

/** What a plot needs. */
export interface PlotProps {
  readonly title: string;
  readonly unit: string;
  readonly series: Series;
  /** A value, for the axis and below the plot. */
  readonly show: (value: number) => string;
  /** How high the plot reaches at least; 0 when left out. */
  readonly least?: number;
}

const HEIGHT = 150;
/** Seconds that a plot shows at least, so that the first samples are not spread over its whole width. */
const MIN_SPAN = 300;
/** Lines differ by dashes as well as by colour. */
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [1, 3], [12, 3]];

const hours = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The value at an index, or the latest that there is. */
const valueAt = (values: readonly (number | null)[], index: number | null): number | null =>
  index === null ? (values.at(-1) ?? null) : (values[index] ?? null);

/** Lines over the last hour; below them what they are, and their values under the pointer, or the latest. */
export function Plot({ title, unit, series, show, least = 0 }: PlotProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const pointed = useSignal<number | null>(null);
  const labels = series.lines.map(({ label }) => label).join("\n");
  const shades = colours.value;
  const data = (): uPlot.AlignedData => [[...series.times], ...series.lines.map(({ values }) => [...values])];
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const options = optionsOf({ series, show, least }, element.clientWidth, (index) => (pointed.value = index));
    const made = new uPlot(options, data(), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [labels, shades]);
  useEffect(() => plot.current?.setData(data()), [series]);
  const now = series.lines.map(({ label, values }) => {
    const value = valueAt(values, pointed.value);
    return [label, value === null ? "–" : show(value)] as const;
  });
  return html`<figure class="card plot">
    <figcaption>
      <h3>${title}</h3>
      <span>${unit}</span>
    </figcaption>
    <div
      ref=${place}
      class="canvas"
      role="img"
      aria-label=${`${title}, ${unit}: ${now.map((pair) => pair.join(" ")).join(", ")}`}
    />
    <ul class="legend">
      ${now.map(([label, value], index) => html`<li key=${label}>${swatch(index)}<span>${label}</span><b>${value}</b></li>`)}
      ${now.length === 0 ? html`<li>nothing in this hour</li>` : null}
    </ul>
  </figure>`;
}

const swatch = (index: number): VNode => html`
  <svg viewBox="0 0 22 6" width="22" height="6" aria-hidden="true">
    <line
      class=${`line-${index + 1}`}
      x1="0"
      y1="3"
      x2="22"
      y2="3"
      stroke-dasharray=${(DASHES[index] ?? []).join(" ")}
    />
  </svg>
`;

/** From the first sample to the last; where there is none yet, until now. */
function spanOf(first: number | null, last: number | null): [number, number] {
  const end = last ?? Date.now() / 1000;
  return [Math.min(first ?? end, end - MIN_SPAN), end];
}

function optionsOf(
  { series, show, least }: Pick<Required<PlotProps>, "series" | "show" | "least">,
  width: number,
  point: (index: number | null) => void,
): uPlot.Options {
  const axis = {
    stroke: colour("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    gap: 4,
  };
  const times = (_plot: uPlot, splits: number[]): string[] => splits.map((time) => hours.format(time * 1000));
  const values = (_plot: uPlot, splits: number[]): string[] => splits.map(show);
  return {
    width,
    height: HEIGHT,
    padding: [8, 6, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 }, sync: { key: "hour" } },
    hooks: {
      setCursor: [({ cursor }) => point(cursor.left === undefined || cursor.left < 0 ? null : (cursor.idx ?? null))],
    },
    scales: {
      x: { range: (_plot, first: number | null, last: number | null) => spanOf(first, last) },
      y: { range: (_plot, _min, max) => [0, Math.max(least, max > 0 ? max * 1.08 : 1)] },
    },
    axes: [
      { ...axis, values: times, size: 22, space: 60 },
      { ...axis, values, size: 46, space: 30 },
    ],
    series: [
      {},
      ...series.lines.map(({ label }, index) => ({
        label,
        stroke: colour(`--line-${index + 1}`),
        width: 1.5,
        dash: [...(DASHES[index] ?? [])],
        points: { show: false },
      })),
    ],
  };
}
