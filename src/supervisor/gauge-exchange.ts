import { backendKey } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import { addReadings, followedBy, isEmptyReading, lastingReading, NO_READING } from "../pool/index.ts";
import type { BackendReading, Reading } from "../pool/index.ts";

import type { Seat } from "./seat.ts";

/** Time between two messages to a worker; workers tell once a second as well. */
const GAUGE_INTERVAL_MS: Milliseconds = 1_000;
/** Among the workers, the supervisor itself: what it hears of backends, it hears for all of them. */
const SUPERVISOR_ID = -1;

/** By backends' keys. */
type Readings = Map<string, BackendReading>;

/** Tells every worker what the others have measured, as long as something is measured. */
export class GaugeExchange {
  private readonly seats: ReadonlyMap<number, Pick<Seat, "id" | "handle">>;
  private readonly interval: Milliseconds;
  private readonly byWorker = new Map<number, Readings>();
  private timer: NodeJS.Timeout | undefined;

  /** @param interval least time between two messages to a worker */
  constructor(seats: ReadonlyMap<number, Pick<Seat, "id" | "handle">>, interval: Milliseconds = GAUGE_INTERVAL_MS) {
    this.seats = seats;
    this.interval = interval;
  }

  /** All that a worker has seen since it last told. */
  take(worker: number, readings: readonly BackendReading[]): void {
    const now: Readings = new Map();
    // What is not mentioned carries nothing any more, but what happened there may wait to be told.
    for (const [key, [pool, backend, before]] of this.byWorker.get(worker) ?? [])
      now.set(key, [pool, backend, followedBy(before, NO_READING)]);
    for (const [pool, backend, reading] of readings) {
      const before = now.get(backendKey(pool, backend))?.[2] ?? NO_READING;
      now.set(backendKey(pool, backend), [pool, backend, followedBy(before, reading)]);
    }
    this.byWorker.set(worker, now);
    this.tellSoon();
  }

  /**
   * A backend has told the supervisor how loaded it is.
   *
   * @param load from 0 to 1
   */
  report(pool: string, backend: string, load: number): void {
    const own: Readings = this.byWorker.get(SUPERVISOR_ID) ?? new Map();
    const before = own.get(backendKey(pool, backend))?.[2] ?? NO_READING;
    own.set(backendKey(pool, backend), [
      pool,
      backend,
      addReadings(before, { ...NO_READING, reports: 1, reported: load }),
    ]);
    this.byWorker.set(SUPERVISOR_ID, own);
    this.tellSoon();
  }

  /** A worker is gone, with all that its tunnels carried. */
  leave(worker: number): void {
    if (this.byWorker.delete(worker)) this.tellSoon();
  }

  private tellSoon(): void {
    this.timer ??= setTimeout(() => this.tell(), this.interval).unref();
  }

  private tell(): void {
    this.timer = undefined;
    for (const { id, handle } of this.seats.values()) handle.send({ type: "gauges", readings: this.others(id) });
    this.byWorker.delete(SUPERVISOR_ID);
    for (const readings of this.byWorker.values()) forgetEvents(readings);
  }

  private others(worker: number): BackendReading[] {
    const sums = new Map<string, BackendReading>();
    for (const [id, readings] of this.byWorker) {
      if (id === worker) continue;
      for (const [key, [pool, backend, reading]] of readings)
        sums.set(key, [pool, backend, sumOf(sums.get(key), reading)]);
    }
    return [...sums.values()].filter(([, , reading]) => !isEmptyReading(reading));
  }
}

/** What has been told counts no more; what flows goes on, and the rest need not be remembered. */
function forgetEvents(readings: Readings): void {
  for (const [key, [pool, backend, reading]] of readings) {
    if (reading.activity === 0) readings.delete(key);
    else readings.set(key, [pool, backend, lastingReading(reading)]);
  }
}

function sumOf(sum: BackendReading | undefined, reading: Reading): Reading {
  return sum === undefined ? reading : addReadings(sum[2], reading);
}
