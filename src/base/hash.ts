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

/** The part of `mixHash` that depends on its second argument only. */
export function spreadHash(hash: number): number {
  return Math.imul(hash, GOLDEN);
}

/** Joins two hashes, both well mixed, into a third, unsigned 32-bit; not symmetric. */
export function mixHash(a: number, b: number): number {
  const mixed = mixSpread(a, spreadHash(b));
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The upper 16 bits of `mixHash(a, b)`, where `spread` is `spreadHash(b)`. */
export function mixHashTop(a: number, spread: number): number {
  return mixSpread(a, spread) >>> 16;
}

/** Hot: one round less than the finaliser, as both sides have been through it. */
function mixSpread(hash: number, spread: number): number {
  const mixed = Math.imul(hash ^ spread, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
}
