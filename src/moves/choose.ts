import type { Milliseconds } from "../base/index.ts";

/** A tunnel, as far as it matters for whether it is moved. */
export interface MovableTunnel {
  /** Since the last data in either direction. */
  readonly idleMs: Milliseconds;
  /** Since it came to its backend. */
  readonly stayMs: Milliseconds;
  /** Whether its backend wants to keep it. */
  readonly pinned: boolean;
}

/** Which tunnels may be taken, and how many. */
export interface Choice {
  readonly count: number;
  /** Only those without data for so long; 0: any. */
  readonly minIdle: Milliseconds;
  /** Only those that have been with their backend for so long; 0: any. */
  readonly minAge: Milliseconds;
  /** Whether pinned ones may be taken. */
  readonly allowPinned: boolean;
}

interface Ranked<T> {
  readonly tunnel: T;
  readonly idle: Milliseconds;
  /** Place in the order in which they were given. */
  readonly rank: number;
}

/** Whether `a` is to be kept rather than `b`: it is less idle; of equals, it came later. */
const isWorse = <T>(a: Ranked<T>, b: Ranked<T>): boolean => (a.idle === b.idle ? a.rank > b.rank : a.idle < b.idle);

/**
 * The tunnels that have been without data for the longest, among those that may be taken; of equals, those that come
 * first. Looks at each tunnel once and keeps no more than `count`: O(n log count).
 *
 * @returns at most `count`, the idlest first
 */
export function chooseToMove<T extends MovableTunnel>(tunnels: Iterable<T>, choice: Choice): T[] {
  const { count, minIdle, minAge, allowPinned } = choice;
  if (count <= 0) return [];
  const heap: Ranked<T>[] = [];
  let rank = 0;
  for (const tunnel of tunnels) {
    const idle = tunnel.idleMs;
    if (idle < minIdle || tunnel.stayMs < minAge || (tunnel.pinned && !allowPinned)) continue;
    const entry = { tunnel, idle, rank };
    rank += 1;
    if (heap.length < count) rise(heap, entry);
    else if (heap[0] !== undefined && isWorse(heap[0], entry)) sink(heap, entry);
  }
  return heap.toSorted((a, b) => b.idle - a.idle || a.rank - b.rank).map(({ tunnel }) => tunnel);
}

/** Adds an entry to the heap, whose root is the worst that was chosen. */
function rise<T>(heap: Ranked<T>[], entry: Ranked<T>): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isWorse(entry, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

/** Puts an entry in the place of the root. */
function sink<T>(heap: Ranked<T>[], entry: Ranked<T>): void {
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    if (left === undefined) break;
    const right = heap[2 * at + 2];
    const below = right !== undefined && isWorse(right, left) ? 2 * at + 2 : 2 * at + 1;
    const child = below === 2 * at + 1 ? left : right;
    if (child === undefined || !isWorse(child, entry)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = entry;
}
