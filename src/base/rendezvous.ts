import { mixHash, mixHashTop, hashString, spreadHash } from "./hash.ts";
import { isCandidate } from "./view.ts";
import type { PoolView } from "./view.ts";

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
 * Whom recent keys prefer among all eligible backends, until weights or eligibility change. Only a memory: looking
 * through all backends gives the same.
 */
interface Memory {
  /** What the preferences were found in. */
  view: PoolView | undefined;
  revision: number;
  /** Keys; each may stand in one of `WAYS` neighbouring places. */
  keys: Uint32Array;
  /** The first few of each key's order; -1 where it has not been asked for. */
  orders: Int32Array;
  /** Which of its places the next new key takes. */
  turn: number;
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
/** Keys that are remembered, a power of two; 20 bytes each, 160 KiB a pool. */
const MAX_REMEMBERED_KEYS = 8192;
/** Places that a key may take, a power of two. */
const WAYS = 4;
/** How much of a key's order: with bounded loads hardly a pick has to go further. */
const REMEMBERED_ORDER = 4;

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
 * adding one, or raising its weight, moves keys only to it. Allocates nothing, but for a key that a large pool has not
 * seen lately.
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
  if (memory === undefined) return scan(rendezvous, view, wanted, UNBOUNDED);
  refresh(memory, view);
  const start = REMEMBERED_ORDER * placeOf(memory, keyHash);
  for (let place = start; place < start + REMEMBERED_ORDER; place += 1) {
    let index = memory.orders[place] ?? -1;
    if (index === -1) {
      const before = place === start ? NONE : Array.from(memory.orders.subarray(start, place));
      index = findWinner(rendezvous, view, { keyHash, tried: before, maxLoadPerWeight: UNBOUNDED });
      if (index === -1) return -1;
      memory.orders[place] = index;
    }
    if (!tried.includes(index) && hasRoom(view, index, maxLoadPerWeight)) return index;
  }
  return findWinner(rendezvous, view, wanted);
}

/** Looks first for somebody as good as nearly every winner is, which rules out more from the start. */
function findWinner(rendezvous: Rendezvous, view: PoolView, wanted: Wanted): number {
  const found = scan(rendezvous, view, wanted, LIKELY / view.eligibleWeight);
  return found === -1 ? scan(rendezvous, view, wanted, UNBOUNDED) : found;
}

function createMemory(): Memory {
  return { view: undefined, revision: 0, keys: new Uint32Array(0), orders: new Int32Array(0), turn: 0 };
}

/** Forgets what is no longer true. */
function refresh(memory: Memory, view: PoolView): void {
  if (view === memory.view && view.revision === memory.revision) return;
  memory.view = view;
  memory.revision = view.revision;
  if (memory.keys.length === 0) {
    memory.keys = new Uint32Array(MAX_REMEMBERED_KEYS);
    memory.orders = new Int32Array(REMEMBERED_ORDER * MAX_REMEMBERED_KEYS);
  }
  memory.orders.fill(-1);
}

/** The place of a key; one that is not remembered is given one, and nothing is known of its order. */
function placeOf(memory: Memory, keyHash: number): number {
  const { keys, orders } = memory;
  const first = keyHash & (MAX_REMEMBERED_KEYS - WAYS);
  for (let place = first; place < first + WAYS; place += 1) if (keys[place] === keyHash) return place;
  memory.turn = (memory.turn + 1) % WAYS;
  const place = first + memory.turn;
  keys[place] = keyHash;
  orders.fill(-1, REMEMBERED_ORDER * place, REMEMBERED_ORDER * (place + 1));
  return place;
}

/** Looks through all backends for the lowest -ln(hash) / weight, not above `costBound`. */
function scan(
  rendezvous: Rendezvous,
  view: PoolView,
  { keyHash, tried, maxLoadPerWeight }: Wanted,
  costBound: number,
): number {
  const { nameHashes, spreadHashes } = rendezvous;
  const { size, greatestWeight } = view;
  let best = -1;
  let bestCost = costBound;
  let least = leastHash(costBound, greatestWeight);
  for (let i = 0; (i = nextAbove(spreadHashes, keyHash, least, i, size)) < size; i += 1) {
    const uniform = (mixHash(keyHash, nameHashes[i] ?? 0) + 0.5) / WORDS;
    const ownWeight = view.weight(i);
    // -ln(x) is more than 1 - x, which spares many the logarithm.
    if (1 - uniform > bestCost * ownWeight || !isCandidate(view, i, tried)) continue;
    const cost = -Math.log(uniform) / ownWeight;
    if (cost > bestCost || !hasRoom(view, i, maxLoadPerWeight)) continue;
    if (cost < bestCost || winsTie(rendezvous, keyHash, i, best)) {
      best = i;
      bestCost = cost;
      least = leastHash(cost, greatestWeight);
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
function leastHash(cost: number, greatestWeight: number): number {
  return Math.max(0, Math.floor((1 - cost * greatestWeight) * HALF_WORDS));
}

function hasRoom(view: PoolView, index: number, maxLoadPerWeight: number): boolean {
  return view.load(index) < Math.ceil(maxLoadPerWeight * view.weight(index));
}

/** Equal scores: decided by a second hash and at last by name, never by position, in which instances may differ. */
function winsTie(rendezvous: Rendezvous, keyHash: number, challenger: number, holder: number): boolean {
  if (holder === -1) return true;
  const challengerHash = mixHash(keyHash, rendezvous.tieHashes[challenger] ?? 0);
  const holderHash = mixHash(keyHash, rendezvous.tieHashes[holder] ?? 0);
  if (challengerHash !== holderHash) return challengerHash > holderHash;
  return (rendezvous.names[challenger] ?? "") > (rendezvous.names[holder] ?? "");
}
