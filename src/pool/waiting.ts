import type { Milliseconds } from "../base/index.ts";
import type { RequestFacts } from "../http/index.ts";

import type { Backend } from "./backend.ts";

/** Who looks for a place with a backend. */
export interface Seeker {
  /** The rate of new connections counts tunnels only, and only they wait in the queue. */
  readonly kind: "tunnel" | "request";
  readonly facts: RequestFacts;
  /** Backends that have failed for it; they are not offered again. */
  readonly failed: readonly Backend[];
  /** It is to leave where it was: a cookie that names a backend does not count, and it waits for a place whether others may or not. */
  readonly leaves?: boolean;
}

/** A seeker that waits. */
export interface Waiter {
  /** The backend that it has got, counted as a load of this worker's; undefined when there is none for it. */
  readonly place: Promise<Backend | undefined>;
  /** It does not want a place any more. Nothing when it has its answer; a place that it has got is to be released. */
  leave(): void;
  /** What has failed for it has become less. Nothing when it has its answer. */
  again(): void;
}

/** How a pool waits: calls `run` after `delay`, unless the function that this returns was called before. */
export type Later = (delay: Milliseconds, run: () => void) => () => void;

/** By the system's timers. None keeps the process alive: the connections of those who wait do. */
export const systemLater: Later = (delay, run) => {
  // Timers leave fractions off, and would be early.
  const timer = setTimeout(run, Math.ceil(delay)).unref();
  return () => clearTimeout(timer);
};

/** One place in the queue. */
export interface Queued {
  readonly seeker: Seeker;
  /** It waits in the queue; else only until the supervisor has answered whether there is a place. */
  readonly patient: boolean;
  readonly deadline: Milliseconds;
  readonly place: Promise<Backend | undefined>;
  readonly settle: (backend: Backend | undefined) => void;
}

/** Those that wait for a place in one pool: first come, first served. */
export class Waiting implements Iterable<Queued> {
  private readonly queue = new Set<Queued>();
  private patientCount = 0;
  private readonly counts: Record<Seeker["kind"], number> = { tunnel: 0, request: 0 };
  /** No deadline is earlier. */
  private earliest = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.queue.size;
  }

  /** Those that wait in the queue proper. */
  get patient(): number {
    return this.patientCount;
  }

  /** Whether anybody waits who looks for such a place. */
  some(kind: Seeker["kind"]): boolean {
    return this.counts[kind] > 0;
  }

  /** Whether it still waits. */
  has(queued: Queued): boolean {
    return this.queue.has(queued);
  }

  /** When somebody may have to be told that it has waited long enough; infinite when nobody waits. */
  get nextDeadline(): Milliseconds {
    return this.queue.size === 0 ? Number.POSITIVE_INFINITY : this.earliest;
  }

  [Symbol.iterator](): Iterator<Queued> {
    return this.queue.values();
  }

  add(seeker: Seeker, patient: boolean, deadline: Milliseconds): Queued {
    const { promise, resolve } = Promise.withResolvers<Backend | undefined>();
    const queued: Queued = { seeker, patient, deadline, place: promise, settle: resolve };
    this.earliest = this.queue.size === 0 ? deadline : Math.min(this.earliest, deadline);
    this.queue.add(queued);
    this.counts[seeker.kind] += 1;
    if (patient) this.patientCount += 1;
    return queued;
  }

  /** Tells one of them what it gets; it waits no longer. */
  end(queued: Queued, backend: Backend | undefined): void {
    if (!this.queue.delete(queued)) return;
    this.counts[queued.seeker.kind] -= 1;
    if (queued.patient) this.patientCount -= 1;
    queued.settle(backend);
  }

  /** Ends the wait of those that do not wait in the queue proper. */
  endImpatient(): void {
    if (this.patientCount < this.queue.size) this.endThose(({ patient }) => !patient);
  }

  /** Nobody waits any more. */
  endAll(): void {
    this.endThose(() => true);
  }

  /** Ends the wait of those whose time is over. */
  expire(now: Milliseconds): void {
    if (now < this.nextDeadline) return;
    this.endThose(({ deadline }) => deadline <= now);
    this.earliest = Number.POSITIVE_INFINITY;
    for (const { deadline } of this.queue) this.earliest = Math.min(this.earliest, deadline);
  }

  private endThose(holds: (queued: Queued) => boolean): void {
    for (const queued of this.queue) if (holds(queued)) this.end(queued, undefined);
  }
}

/** One timer that is set again and again; what is later than it was set for finds out when it rings, and sets it anew. */
export class Alarm {
  private readonly later: Later;
  private readonly ring: () => void;
  private at = Number.POSITIVE_INFINITY;
  private cancel: (() => void) | undefined;

  constructor(later: Later, ring: () => void) {
    this.later = later;
    this.ring = ring;
  }

  /** Rings at this time, or before; an infinite one: not at all. */
  set(at: Milliseconds, now: Milliseconds): void {
    if (at === Number.POSITIVE_INFINITY) this.clear();
    if (at >= this.at) return;
    this.clear();
    this.at = at;
    this.cancel = this.later(Math.max(0, at - now), () => {
      this.at = Number.POSITIVE_INFINITY;
      this.cancel = undefined;
      this.ring();
    });
  }

  private clear(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.at = Number.POSITIVE_INFINITY;
  }
}
