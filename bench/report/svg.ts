import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Room for a name's dot, and for each of its letters, at the least for so many. */
const LEGEND_DOT = 30;
const LEGEND_LETTER = 6.6;
const LEGEND_LETTERS_MIN = 10;
const LEGEND_RADIUS = 4.5;

/** What a plot is drawn in: an empty page, without a browser. */
export function emptyPage(): unknown {
  const page: unknown = parseHTML("<!doctype html><html><body></body></html>");
  return Reflect.get(Object(page), "document");
}

/** What is used of an SVG element: the types of the DOM are not those of this program. */
interface Drawn {
  setAttribute(name: string, value: string): void;
  readonly outerHTML: string;
}

/** The text of an SVG file. */
export function svgText(chart: unknown): string {
  return `${drawnText(chart, { xmlns: "http://www.w3.org/2000/svg" })}\n`;
}

/** Several plots below one another in one SVG file. */
export function stackedText(
  charts: readonly { readonly chart: unknown; readonly height: number }[],
  width: number,
): string {
  let top = 0;
  const texts = charts.map(({ chart, height }) => {
    const text = drawnText(chart, { xmlns: "http://www.w3.org/2000/svg", y: String(top) });
    top += height;
    return text;
  });
  const size = `width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n${texts.join("\n")}\n</svg>\n`;
}

function drawnText(chart: unknown, attributes: Readonly<Record<string, string>>): string {
  // Without a legend of its own a plot is a bare SVG element.
  const drawn = chart as Drawn;
  for (const [name, value] of Object.entries(attributes)) drawn.setAttribute(name, value);
  return drawn.outerHTML;
}

/**
 * Written into the plot, above it: a legend of the library's own would be HTML.
 *
 * @param marginLeft the plot's
 * @param dy from the upper edge of its frame
 */
export function legend(
  names: readonly string[],
  colourOf: (name: string) => string,
  marginLeft: number,
  dy: number,
): Plot.Markish[] {
  let left = 16 - marginLeft;
  return names.flatMap((name) => {
    const place = { frameAnchor: "top-left", dx: left, dy } as const;
    left += LEGEND_DOT + LEGEND_LETTER * Math.max(name.length, LEGEND_LETTERS_MIN);
    return [
      Plot.dot([name], { ...place, r: LEGEND_RADIUS, fill: colourOf(name) }),
      Plot.text([name], { ...place, dx: place.dx + 9, textAnchor: "start", lineAnchor: "middle" }),
    ];
  });
}
