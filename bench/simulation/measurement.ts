import type { SimulatedBackend } from "./backend.ts";

/** What is seen at one moment. */
export interface Moment {
  /** Seconds. */
  readonly at: number;
  /** Tunnels of the backend that has most of them, where the mean is 1. Those that are away do not count. */
  readonly tunnels: number;
  /** Messages a second of the one that has most of them, likewise. */
  readonly messages: number;
  /** What 99 of 100 messages wait at most for their backend, in milliseconds. */
  readonly wait: number;
}

/** What a run was like. */
export interface Course {
  readonly moments: readonly Moment[];
  /** What 99 of 100 of all messages waited at most, in milliseconds. */
  readonly wait: number;
  /** Tunnels that were moved by rebalances, and the most that was one of them. */
  readonly moved: number;
  readonly movedMost: number;
}

/** Buckets of waits: each is so many times as wide as the one before it, from a hundredth of a millisecond on. */
const STEP = 1.05;
const LEAST = 0.01;
const BUCKETS = 400;
const TAIL = 0.01;

/** Waits of messages, many at a time. */
class Waits {
  private readonly buckets = new Float64Array(BUCKETS);
  private sum = 0;

  /** Counts in `weight` messages whose waits are spread exponentially around `mean`. */
  add(mean: number, weight: number): void {
    this.sum += weight;
    let above = 1;
    for (let bucket = 0; bucket < BUCKETS && above > 1e-6; bucket += 1) {
      const beyond = Math.exp(-upperEnd(bucket) / mean);
      this.buckets[bucket] = (this.buckets[bucket] ?? 0) + weight * (above - beyond);
      above = beyond;
    }
  }

  /** What all but a hundredth wait at most. */
  tail(): number {
    let left = this.sum * (1 - TAIL);
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      left -= this.buckets[bucket] ?? 0;
      if (left <= 0) return upperEnd(bucket);
    }
    return upperEnd(BUCKETS);
  }
}

function upperEnd(bucket: number): number {
  return LEAST * STEP ** bucket;
}

/** Looks at backends again and again. */
export class Measurement {
  private readonly moments: Moment[] = [];
  private readonly all = new Waits();
  private movedSum = 0;
  private movedMost = 0;

  /** A tunnel was moved, for the n-th time. */
  moved(times: number): void {
    this.movedSum += 1;
    this.movedMost = Math.max(this.movedMost, times);
  }

  note(at: number, backends: readonly SimulatedBackend[]): void {
    const now = new Waits();
    for (const { wait, rate } of backends) {
      if (rate < 1e-6) continue;
      now.add(wait, rate);
      this.all.add(wait, rate);
    }
    const active = backends.filter(({ active: isActive }) => isActive);
    this.moments.push({
      at,
      tunnels: greatestOverMean(active.map(({ open }) => open)),
      messages: greatestOverMean(active.map(({ rate }) => rate)),
      wait: now.tail(),
    });
  }

  course(): Course {
    return { moments: this.moments, wait: this.all.tail(), moved: this.movedSum, movedMost: this.movedMost };
  }
}

function greatestOverMean(values: readonly number[]): number {
  const sum = values.reduce((all, value) => all + value, 0);
  return sum === 0 ? 1 : (Math.max(...values) * values.length) / sum;
}
