import { z } from "zod";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";
import type { Bytes, Milliseconds } from "./units.ts";

/** A limit that can be switched off. */
export type DurationOrOff = Milliseconds | "off";

/** A limit that can be switched off. */
export type SizeOrOff = Bytes | "off";

/** What a field accepts, in its own unit (milliseconds or bytes), both ends included. */
interface Bounds {
  /** Accepts 0, which is refused otherwise: most limits of 0 would let nothing happen at all. */
  readonly zero?: boolean;
  readonly min?: number;
  readonly max?: number;
}

/** A kind of quantity that people write as a number with a unit. */
interface Quantity {
  readonly help: string;
  readonly parse: (text: string) => number | undefined;
  readonly format: (value: number) => string;
  readonly max: number;
  /** The unit that is mostly meant by a text without one. */
  readonly unit: string;
  /** Whether a fraction of the unit makes no sense. */
  readonly whole: boolean;
}

/** The longest delay that a timer of Node.js can wait (2^31 - 1 ms), in whole days. */
const MAX_DURATION: Milliseconds = 24 * 86_400_000;

const DURATION: Quantity = {
  help: 'a duration such as "500ms", "30s", "10m" or "1h30m", or a number of milliseconds',
  parse: parseDuration,
  format: formatDuration,
  max: MAX_DURATION,
  unit: "s",
  whole: false,
};

const SIZE: Quantity = {
  help: 'a size such as "512B", "64KiB" or "16MiB", or a whole number of bytes',
  parse: parseSize,
  format: formatSize,
  max: Number.MAX_SAFE_INTEGER,
  unit: "KiB",
  whole: true,
};

function expected(help: string, found: unknown): string {
  return `expected ${help}, found ${JSON.stringify(found) ?? "nothing"}`;
}

/** A text that is only a number lacks its unit: where texts are all that there is, a number cannot be written. */
function misread({ unit }: Quantity, help: string, written: number | string): string {
  const bare = typeof written === "string" && /^\d+(?:\.\d+)?$/.test(written.trim());
  return bare ? `"${written}" has no unit; write "${written.trim()}${unit}", for example` : expected(help, written);
}

/** What is wrong with a value that was understood, or undefined. */
function boundsError(quantity: Quantity, value: number, written: number | string, bounds: Bounds): string | undefined {
  const { zero = false, min = zero ? 0 : 1, max = quantity.max } = bounds;
  if (value === 0 && zero) return undefined;
  const found = typeof written === "string" ? written.trim() : quantity.format(value);
  if (value < min) return `expected at least ${quantity.format(min)}, found ${found}`;
  if (value > max) return `expected at most ${quantity.format(max)}, found ${found}`;
  return undefined;
}

/** Turns what was written into the quantity, or adds an issue that says what would be right. */
function read(
  quantity: Quantity,
  help: string,
  bounds: Bounds,
  written: number | string,
  context: z.RefinementCtx,
): number {
  const value = typeof written === "string" ? quantity.parse(written) : written;
  const understood = value !== undefined && (!quantity.whole || Number.isInteger(value));
  const problem = understood ? boundsError(quantity, value, written, bounds) : misread(quantity, help, written);
  if (problem === undefined && value !== undefined) return value;
  context.addIssue({ code: "custom", message: problem ?? "", input: written });
  return z.NEVER;
}

function quantityField(quantity: Quantity, bounds: Bounds) {
  const { help } = quantity;
  return z
    .union([z.number(), z.string()], { error: (issue) => expected(help, issue.input) })
    .transform((written, context) => read(quantity, help, bounds, written, context));
}

function quantityOrOff(quantity: Quantity, bounds: Bounds) {
  const help = `${quantity.help}, or "off"`;
  return z
    .union([z.literal("off"), z.number(), z.string()], { error: (issue) => expected(help, issue.input) })
    .transform((written, context) => (written === "off" ? written : read(quantity, help, bounds, written, context)));
}

/**
 * An option that is a duration: text with a unit, or a number of milliseconds; milliseconds once parsed. From 1 ms to
 * 24 days unless `bounds` says otherwise. Give defaults as people write them: `durationField().prefault("30s")`.
 */
export function durationField(bounds: Bounds = {}) {
  return quantityField(DURATION, bounds);
}

/** Like {@link durationField}, for what can be switched off with `off`, which stays the word `"off"` once parsed. */
export function durationOrOff(bounds: Bounds = {}) {
  return quantityOrOff(DURATION, bounds);
}

/**
 * An option that is a size: text with a unit, or a whole number of bytes; bytes once parsed. At least 1 unless `bounds`
 * says otherwise.
 */
export function sizeField(bounds: Bounds = {}) {
  return quantityField(SIZE, bounds);
}

/** Like {@link sizeField}, for what can be switched off with `off`, which stays the word `"off"` once parsed. */
export function sizeOrOff(bounds: Bounds = {}) {
  return quantityOrOff(SIZE, bounds);
}
