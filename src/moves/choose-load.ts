/** Which tunnels may be taken by what they carry, and how many. All in the same unit. */
export interface LoadChoice {
  readonly count: number;
  /** Those that carry less stay: moving them would gain nothing. */
  readonly least: number;
  /** Those that carry more stay: the other backend would have too much then. */
  readonly most: number;
  /** What they may carry together. */
  readonly sum: number;
}

/**
 * Takes one after the other what carries most and still fits: few tunnels, so that few clients notice.
 *
 * @returns at most `count`, those that carry most first
 */
export function chooseByLoad<T extends { readonly carries: number }>(tunnels: Iterable<T>, choice: LoadChoice): T[] {
  const { count, least, most, sum } = choice;
  const chosen: T[] = [];
  let left = sum;
  if (count <= 0) return chosen;
  const fitting = [...tunnels].filter(({ carries }) => carries >= least && carries <= most);
  for (const tunnel of fitting.toSorted((a, b) => b.carries - a.carries)) {
    if (tunnel.carries > left) continue;
    chosen.push(tunnel);
    left -= tunnel.carries;
    if (chosen.length >= count) break;
  }
  return chosen;
}
