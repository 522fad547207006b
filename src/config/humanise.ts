import { z } from "zod";

import { formatDuration, formatSize } from "../base/index.ts";

/** Whether the field takes a text for just this number: only fields that measure something do. */
function reads(field: z.core.$ZodType, text: string, value: number): boolean {
  const result = z.safeParse(field, text);
  return result.success && result.data === value;
}

/** Turns numbers of milliseconds and bytes back into durations and sizes as people write them, as far as the schema says so. */
export function humanise(value: unknown, schema: z.core.$ZodType): unknown {
  if (typeof value === "number") return humaniseNumber(value, schema);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const shape = shapeFor(value, schema);
  if (shape === undefined) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, shape[key] === undefined ? inner : humanise(inner, shape[key])]),
  );
}

/** What a field measures is found by asking the field itself. */
function humaniseNumber(value: number, field: z.core.$ZodType): string | number {
  if (reads(field, formatDuration(value), value)) return formatDuration(value);
  return reads(field, formatSize(value), value) ? formatSize(value) : value;
}

/** The fields of the form of object that `value` has. */
function shapeFor(value: object, schema: z.core.$ZodType): z.core.$ZodShape | undefined {
  if (schema instanceof z.ZodObject) return z.safeParse(schema, value).success ? schema.shape : undefined;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) {
    return shapeFor(value, schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) return shapeFor(value, schema.in);
  if (!(schema instanceof z.ZodUnion)) return undefined;
  return schema.options.map((option) => shapeFor(value, option)).find((shape) => shape !== undefined);
}
