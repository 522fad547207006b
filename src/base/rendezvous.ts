import { mixHash, mixHashTop, hashString, spreadHash } from "./hash.ts";
import { isCandidate } from "./view.ts";
import type { PoolView } from "./view.ts";
import { createWatch } from "./watch.ts";
import type { Watch } from "./watch.ts";

/** What rendezvous hashing needs to know of a pool's membership; made once for each set of names. */
export interface Rendezvous {
  readonly names: readonly string[];
  /** Hash of each name. */
  readonly nameHashes: Uint32Array;
  /** What of the score depends on the name alone. */
  readonly spreadHashes: Int32Array;
  /**
   * A second, independent hash of each name: decides between equal scores, also where two names share their first hash.
   */
  readonly tieHashes: Uint32Array;
  /** Only large pools have a memory. */
  readonly memory: Memory | undefined;
}

/**
 * The winners of recent keys among all eligible backends, and the greatest weight, until weights or eligibility change.
 * Only a memory: looking through all backends gives the same.
 */
interface Memory {
  readonly weightChanged: Watch;
  readonly eligibleChanged: Watch;
  maxWeight: number;
  /** All but one in fifty winners cost less. */
  likelyCost: number;
  /** Keys in pairs of places, the later one first. */
  keys: Uint32Array;
  /** Their winners; -1 where there is none. */
  winners: Int32Array;
}

/** For whom the winner is searched; see `rendezvousPick`. */
interface Wanted {
  readonly keyHash: number;
  readonly tried: readonly number[];
  readonly maxLoadPerWeight: number;
}

/** The cheapest of all costs 1 / (sum of weights) in the mean, and this many times as much once in e^4 keys. */
const LIKELY = 4;

const TIE_SEED = 1;
const WORDS = 0x1_0000_0000;
const HALF_WORDS = 0x1_0000;

/** Pools of fewer backends are faster looked through than remembered. */
const MIN_REMEMBERED_SIZE = 128;
/** Keys whose winner is remembered, a power of two; 8 bytes each, 64 KiB a pool. */
const MAX_REMEMBERED_KEYS = 8192;

const NONE: readonly number[] = [];
const UNBOUNDED: number = Number.POSITIVE_INFINITY;

/**
 * Prepares rendezvous hashing over `names`. Instances that know the same names agree, in whatever order they list them.
 */
export function createRendezvous(names: readonly string[]): Rendezvous {
  const nameHashes = Uint32Array.from(names, (name) => hashString(name));
  return {
    names,
    nameHashes,
    spreadHashes: Int32Array.from(nameHashes, spreadHash),
    tieHashes: Uint32Array.from(names, (name) => hashString(name, TIE_SEED)),
    memory: names.length < MIN_REMEMBERED_SIZE ? undefined : createMemory(),
  };
}

/**
 * Chooses the candidate with the highest score for a key: weighted rendezvous hashing (Thaler and Ravishankar 1998;
 * weights by -weight / ln(hash) as in Schindelhauer and Schomaker 2005). Removing a backend moves only its own keys;
 * adding one, or raising its weight, moves keys only to it. Allocates nothing, but for the first key of a large pool.
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
  maxLoadPerWeight: number = UNBOUNDED,
): number {
  const { memory } = rendezvous;
  const wanted = { keyHash, tried, maxLoadPerWeight };
  if (memory === undefined) return scan(rendezvous, view, wanted, greatestWeight(view), UNBOUNDED);
  refresh(memory, view);
  let winner = recall(memory, keyHash);
  if (winner === -1) {
    winner = findWinner(rendezvous, view, { keyHash, tried: NONE, maxLoadPerWeight: UNBOUNDED }, memory);
    if (winner === -1) return -1;
    remember(memory, keyHash, winner);
  }
  if (!tried.includes(winner) && hasRoom(view, winner, maxLoadPerWeight)) return winner;
  return findWinner(rendezvous, view, wanted, memory);
}

/** Looks first for somebody as good as nearly every winner is, which rules out more from the start. */
function findWinner(rendezvous: Rendezvous, view: PoolView, wanted: Wanted, memory: Memory): number {
  const found = scan(rendezvous, view, wanted, memory.maxWeight, memory.likelyCost);
  return found === -1 ? scan(rendezvous, view, wanted, memory.maxWeight, UNBOUNDED) : found;
}

function createMemory(): Memory {
  return {
    weightChanged: createWatch(),
    eligibleChanged: createWatch(),
    maxWeight: 0,
    likelyCost: UNBOUNDED,
    keys: new Uint32Array(0),
    winners: new Int32Array(0),
  };
}

/** Forgets what is no longer true. */
function refresh(memory: Memory, view: PoolView): void {
  // Both are asked each time, since each remembers what it was shown.
  const weightChanged = memory.weightChanged(view.weight, view.size);
  const eligibleChanged = memory.eligibleChanged(view.eligible, view.size);
  if (!weightChanged && !eligibleChanged) return;
  memory.maxWeight = greatestWeight(view);
  memory.likelyCost = LIKELY / eligibleWeight(view);
  memory.winners.fill(-1);
}

/** The remembered winner of a key, or -1. */
function recall({ keys, winners }: Memory, keyHash: number): number {
  const place = placeOf(keyHash);
  if (keys[place] === keyHash) return winners[place] ?? -1;
  return keys[place + 1] === keyHash ? (winners[place + 1] ?? -1) : -1;
}

/** Puts a key into the first of its two places; what was there moves to the other. */
function remember(memory: Memory, keyHash: number, winner: number): void {
  if (memory.keys.length === 0) {
    memory.keys = new Uint32Array(MAX_REMEMBERED_KEYS);
    memory.winners = new Int32Array(MAX_REMEMBERED_KEYS).fill(-1);
  }
  const { keys, winners } = memory;
  const place = placeOf(keyHash);
  keys[place + 1] = keys[place] ?? 0;
  winners[place + 1] = winners[place] ?? -1;
  keys[place] = keyHash;
  winners[place] = winner;
}

function placeOf(keyHash: number): number {
  return keyHash & (MAX_REMEMBERED_KEYS - 2);
}

/** Looks through all backends for the lowest -ln(hash) / weight, not above `costBound`. */
function scan(
  rendezvous: Rendezvous,
  view: PoolView,
  { keyHash, tried, maxLoadPerWeight }: Wanted,
  maxWeight: number,
  costBound: number,
): number {
  const { nameHashes, spreadHashes } = rendezvous;
  const { size, weight } = view;
  let best = -1;
  let bestCost = costBound;
  let least = leastHash(costBound, maxWeight);
  for (let i = 0; (i = nextAbove(spreadHashes, keyHash, least, i, size)) < size; i += 1) {
    const uniform = (mixHash(keyHash, nameHashes[i] ?? 0) + 0.5) / WORDS;
    const ownWeight = weight[i] ?? 1;
    // -ln(x) is more than 1 - x, which spares many the logarithm.
    if (1 - uniform > bestCost * ownWeight || !isCandidate(view, i, tried)) continue;
    const cost = -Math.log(uniform) / ownWeight;
    if (cost > bestCost || !hasRoom(view, i, maxLoadPerWeight)) continue;
    if (cost < bestCost || winsTie(rendezvous, keyHash, i, best)) {
      best = i;
      bestCost = cost;
      least = leastHash(cost, maxWeight);
    }
  }
  return best;
}

/**
 * The first backend from `from` on whose hash for this key has upper 16 bits of at least `least`; `to` when there is
 * none. Hot: it rules out nearly everybody, and a loop this small needs no memory but the hashes.
 */
function nextAbove(spreadHashes: Int32Array, keyHash: number, least: number, from: number, to: number): number {
  for (let i = from; i < to; i += 1) if (mixHashTop(keyHash, spreadHashes[i] ?? 0) >= least) return i;
  return to;
}

/** The upper 16 bits below which no hash costs as little as `cost`, not even with the greatest weight. */
function leastHash(cost: number, maxWeight: number): number {
  return Math.max(0, Math.floor((1 - cost * maxWeight) * HALF_WORDS));
}

function eligibleWeight({ eligible, weight, size }: PoolView): number {
  let total = 0;
  for (let i = 0; i < size; i += 1) if (eligible[i] === 1) total += weight[i] ?? 0;
  return total;
}

function greatestWeight({ weight, size }: PoolView): number {
  let greatest = 0;
  for (let i = 0; i < size; i += 1) if ((weight[i] ?? 0) > greatest) greatest = weight[i] ?? 0;
  return greatest;
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
