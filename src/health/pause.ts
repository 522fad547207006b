import type { Milliseconds } from "../base/index.ts";

/**
 * How long a backend is left alone this time: twice as long as the last time, unless it was well for long in between.
 *
 * @param last the time before; 0 for none
 * @param most also how long it has to be well for the last time to be forgotten
 */
export function nextPause(
  last: Milliseconds,
  least: Milliseconds,
  most: Milliseconds,
  wellFor: Milliseconds,
): Milliseconds {
  const grown = wellFor >= most ? 0 : last * 2;
  return Math.min(Math.max(least, grown), most);
}
