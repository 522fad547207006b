const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const GOLDEN = 0x9e3779b1;

/** Spreads every input bit over the whole word: the finaliser of MurmurHash3 (Appleby, public domain). */
function avalanche(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Hashes a text to an unsigned 32-bit number that is the same on every platform and in every version of fairlead, so
 * that instances agree without talking. Good for spreading; it resists nobody who looks for collisions.
 *
 * FNV-1a over UTF-16 code units, followed by a finaliser, since FNV alone leaves neighbouring texts near each other.
 */
export function hashString(text: string, seed = 0): number {
  let hash = FNV_OFFSET ^ avalanche(seed);
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return avalanche(hash ^ text.length);
}

/** Joins two hashes into a third, unsigned 32-bit; not symmetric. */
export function mixHash(a: number, b: number): number {
  return avalanche(a ^ Math.imul(b, GOLDEN));
}
