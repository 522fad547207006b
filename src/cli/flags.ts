import { z } from "zod";

import { parseDuration } from "../base/index.ts";

/** A flag without a value. */
export const switchFlag = z.boolean().prefault(false);

/** A duration, which goes on as it was written: the API reads the same forms. */
export const durationFlag = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, { error: wrong("a duration such as 30s or 1h30m") })
  .optional();

/** A duration, or `off`. */
export const durationOrOffFlag = z
  .string()
  .refine((text) => text === "off" || parseDuration(text) !== undefined, {
    error: wrong("a duration such as 30s, or off"),
  })
  .optional();

/** A number above 0. */
export const amountFlag = z
  .string()
  .refine((text) => isNumber(text) && Number(text) > 0, { error: wrong("a number above 0") })
  .transform(Number)
  .optional();

/** A whole number of at least 1. */
export const countFlag = z
  .string()
  .refine((text) => /^\d+$/.test(text) && Number(text) >= 1, { error: wrong("a whole number of at least 1") })
  .transform(Number)
  .optional();

/** A whole number of at least 1, or `off`. */
export const countOrOffFlag = z
  .string()
  .refine((text) => text === "off" || (/^\d+$/.test(text) && Number(text) >= 1), {
    error: wrong("a whole number of at least 1, or off"),
  })
  .transform((text) => (text === "off" ? text : Number(text)))
  .optional();

/** A share of a whole, 0 to 1. */
export const shareFlag = z
  .string()
  .refine((text) => isNumber(text) && Number(text) <= 1, { error: wrong("a share from 0 to 1, such as 0.1") })
  .transform(Number)
  .optional();

/** One of some words. */
export function choiceFlag<const Word extends string>(words: readonly [Word, ...Word[]]) {
  return z.enum(words, { error: wrong(`one of ${words.join(", ")}`) }).optional();
}

function isNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

function wrong(expected: string): (issue: { readonly input: unknown }) => string {
  return ({ input }) => `expected ${expected}, found ${JSON.stringify(input)}`;
}
