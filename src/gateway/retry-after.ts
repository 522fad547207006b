import type { Random } from "../base/index.ts";

/** Least and most of what clients are told to wait before they try again, in seconds: spread, so that they do not all come at once. */
const RETRY_AFTER_MIN_S = 1;
const RETRY_AFTER_MAX_S = 5;

/** Seconds that a refused client is told to wait. */
export function retryAfter(random: Random): string {
  const span = RETRY_AFTER_MAX_S - RETRY_AFTER_MIN_S + 1;
  return String(RETRY_AFTER_MIN_S + Math.floor(random() * span));
}
