/** A source of randomness: each call gives a number in [0, 1). */
export type Random = () => number;

/** The machine's randomness; good for spreading and jitter, not for secrets. */
export const systemRandom: Random = Math.random;

/**
 * A repeatable source for tests and simulations (xorshift32, Marsaglia 2003).
 *
 * @param seed any integer; 0 is replaced, since the generator would stay there
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0 || 0x9e3779b9 | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}
