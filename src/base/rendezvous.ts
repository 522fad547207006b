import { hashString, mixHash } from "./hash.ts";
import type { PoolView } from "./view.ts";

/** What rendezvous hashing needs to know of a pool's membership; made once for each set of names. */
export interface Rendezvous {
  readonly names: readonly string[];
  /** Hash of each name. */
  readonly nameHashes: Uint32Array;
  /**
   * A second, independent hash of each name: decides between equal scores, also where two names share their first hash.
   */
  readonly tieHashes: Uint32Array;
}

const TIE_SEED = 1;
const WORDS = 0x1_0000_0000;

/**
 * Prepares rendezvous hashing over `names`. Instances that know the same names agree, in whatever order they list them.
 */
export function createRendezvous(names: readonly string[]): Rendezvous {
  return {
    names,
    nameHashes: Uint32Array.from(names, (name) => hashString(name)),
    tieHashes: Uint32Array.from(names, (name) => hashString(name, TIE_SEED)),
  };
}

/**
 * Chooses the candidate with the highest score for a key: weighted rendezvous hashing (Thaler and Ravishankar 1998;
 * weights by -weight / ln(hash) as in Schindelhauer and Schomaker 2005). Removing a backend moves only its own keys;
 * adding one, or raising its weight, moves keys only to it. Allocates nothing.
 *
 * @param keyHash `hashString` of the key
 * @param tried indices that already failed for this connection; the next in the key's order is given
 * @param maxLoadPerWeight passes over a backend that would hold more than ceil(maxLoadPerWeight * weight); unlimited by
 *   default
 * @returns the index, or -1 when no candidate is left
 */
export function rendezvousPick(
  rendezvous: Rendezvous,
  view: PoolView,
  keyHash: number,
  tried: readonly number[],
  maxLoadPerWeight: number = Number.POSITIVE_INFINITY,
): number {
  const { nameHashes } = rendezvous;
  const { eligible, weight, size } = view;
  const commonWeight = weight[0];
  let best = -1;
  let bestHash = -1;
  for (let i = 0; i < size; i += 1) {
    if (weight[i] !== commonWeight) return weightedPick(rendezvous, view, keyHash, tried, maxLoadPerWeight);
    const hash = mixHash(keyHash, nameHashes[i] ?? 0);
    // The hash is compared first, since it rules out nearly everybody.
    if (hash < bestHash || eligible[i] !== 1 || tried.includes(i) || !hasRoom(view, i, maxLoadPerWeight)) continue;
    if (hash > bestHash || winsTie(rendezvous, keyHash, i, best)) {
      best = i;
      bestHash = hash;
    }
  }
  return best;
}

/**
 * The general case, where the lowest -ln(hash) / weight wins. With equal weights it gives the order of the fast path,
 * since the logarithm only ever grows.
 */
function weightedPick(
  rendezvous: Rendezvous,
  view: PoolView,
  keyHash: number,
  tried: readonly number[],
  maxLoadPerWeight: number,
): number {
  const { nameHashes } = rendezvous;
  const { eligible, weight, size } = view;
  let best = -1;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let i = 0; i < size; i += 1) {
    const uniform = (mixHash(keyHash, nameHashes[i] ?? 0) + 0.5) / WORDS;
    const ownWeight = weight[i] ?? 1;
    // -ln(x) is more than 1 - x, so this rules out nearly everybody without the logarithm.
    if (1 - uniform > bestCost * ownWeight || eligible[i] !== 1 || tried.includes(i)) continue;
    const cost = -Math.log(uniform) / ownWeight;
    if (cost > bestCost || !hasRoom(view, i, maxLoadPerWeight)) continue;
    if (cost < bestCost || winsTie(rendezvous, keyHash, i, best)) {
      best = i;
      bestCost = cost;
    }
  }
  return best;
}

function hasRoom(view: PoolView, index: number, maxLoadPerWeight: number): boolean {
  return (view.load[index] ?? 0) < Math.ceil(maxLoadPerWeight * (view.weight[index] ?? 1));
}

/** Equal scores: decided by a second hash and at last by name, never by position, in which instances may differ. */
function winsTie(rendezvous: Rendezvous, keyHash: number, challenger: number, holder: number): boolean {
  if (holder === -1) return true;
  const challengerHash = mixHash(keyHash, rendezvous.tieHashes[challenger] ?? 0);
  const holderHash = mixHash(keyHash, rendezvous.tieHashes[holder] ?? 0);
  if (challengerHash !== holderHash) return challengerHash > holderHash;
  return (rendezvous.names[challenger] ?? "") > (rendezvous.names[holder] ?? "");
}
