/** Draws indices with chances in proportion to weights, in constant time: the alias method (Walker 1977, Vose 1991). */
export interface AliasTable {
  /** One draw; `uniform` is a number in [0, 1). */
  draw(uniform: number): number;
}

/**
 * Prepares draws by weights, all above 0. Every index has a column as high as the mean weight, which it shares with at
 * most one other, its alias.
 */
export function createAliasTable(weights: readonly number[]): AliasTable {
  const size = weights.length;
  const own = Float64Array.from(weights);
  const alias = Int32Array.from(own.keys());
  const mean = own.reduce((sum, value) => sum + value, 0) / size;
  const rich = [...own.keys()].filter((index) => (own[index] ?? 0) >= mean);
  const poor = [...own.keys()].filter((index) => (own[index] ?? 0) < mean);
  for (;;) {
    const giver = rich.at(-1);
    const taker = giver === undefined ? undefined : poor.pop();
    if (giver === undefined || taker === undefined) break;
    alias[taker] = giver;
    own[giver] = (own[giver] ?? 0) - (mean - (own[taker] ?? 0));
    if ((own[giver] ?? 0) < mean) poor.push(...rich.splice(-1));
  }
  // What rounding has left on either side fills its column alone: it is its own alias.
  return {
    draw(uniform) {
      const place = uniform * size;
      const column = Math.floor(place);
      return (place - column) * mean < (own[column] ?? 0) ? column : (alias[column] ?? 0);
    },
  };
}
