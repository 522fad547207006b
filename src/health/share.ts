/** Shares are decimal fractions, which doubles hold a little too small or too large: 0.29 of 100 is 29. */
const TOLERANCE = 1e-9;

/** How many whole ones a share of so many holds, rounded down. */
export function wholesOf(share: number, count: number): number {
  return Math.floor(share * count + TOLERANCE);
}
