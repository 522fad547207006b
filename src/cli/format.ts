import type { Bytes, Milliseconds } from "../base/index.ts";

const SECOND: Milliseconds = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SIZE_STEP = 1_024;
const SIZE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand at its right edge. */
  readonly right?: boolean;
}

/** `1 backend`, `2 backends`, `1,203 tunnels`. */
export function counted(number: number, word: string): string {
  return `${grouped(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** A number with commas between thousands; without a fraction. */
export function grouped(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}

/** A number per second: one decimal where it is small. */
export function rate(perSecond: number): string {
  const rounded = Math.round(perSecond * 10) / 10;
  return rounded < 10 && rounded !== Math.round(rounded) ? rounded.toFixed(1) : grouped(rounded);
}

/** A share of a whole as `33.3%`; of nothing it is `-`. */
export function share(part: number, whole: number): string {
  return whole > 0 ? `${((part / whole) * 100).toFixed(1)}%` : "-";
}

/** A size for people, to three figures or so: `1.5 MiB`. */
export function size(bytes: Bytes): string {
  let amount = bytes;
  let unit = 0;
  for (; amount >= SIZE_STEP && unit < SIZE_UNITS.length - 1; unit += 1) amount /= SIZE_STEP;
  const digits = unit === 0 || amount >= 100 ? 0 : 1;
  return `${amount.toFixed(digits)} ${SIZE_UNITS[unit] ?? ""}`;
}

/** A span of time for people, its two largest units: `3h12m`, `45s`. */
export function span(ms: Milliseconds): string {
  if (ms < 10 * SECOND) return `${(Math.max(0, ms) / SECOND).toFixed(1)}s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m${two((ms % MINUTE) / SECOND)}s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h${two((ms % HOUR) / MINUTE)}m`;
  return `${Math.floor(ms / DAY)}d${two((ms % DAY) / HOUR)}h`;
}

/** Lines of a table: its titles, then its rows, with two blanks between columns. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ right }, index) => {
        const [cell, width] = [cells[index] ?? "", widths[index] ?? 0];
        return right === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}

function two(number: number): string {
  return String(Math.floor(number)).padStart(2, "0");
}
