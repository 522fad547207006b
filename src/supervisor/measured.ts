import { backendKey } from "../base/index.ts";
import type { BackendMeasured, BackendReadout, WorkerCounts } from "../metrics/index.ts";
import type { GaugeStart } from "../pool/index.ts";

const NOTHING_MEASURED: BackendMeasured = { activity: null, handshakeMs: null, roundTripMs: null, reported: null };

/** What is measured of backends, by backends' keys. */
export type MeasuredBackends = ReadonlyMap<string, BackendReadout>;

/**
 * What workers have measured. Each knows the mean over all of them, so the first that knows something is believed: a
 * worker that has just begun does not yet.
 */
export function mergeMeasured(workers: readonly (WorkerCounts | undefined)[]): MeasuredBackends {
  const merged = new Map<string, BackendReadout>();
  for (const [pool, backend, measured] of workers.flatMap((counts) => counts?.metrics.measured ?? [])) {
    const key = backendKey(pool, backend);
    merged.set(key, [pool, backend, either(merged.get(key)?.[2] ?? NOTHING_MEASURED, measured)]);
  }
  return merged;
}

/** What somebody begins with who has not measured anything yet. */
export function gaugeStarts(
  workers: readonly (WorkerCounts | undefined)[],
): (readonly [pool: string, backend: string, start: GaugeStart])[] {
  return [...mergeMeasured(workers).values()].map(([pool, backend, measured]) => {
    const loads = workers.map((counts) => counts?.pools[pool]?.[backend]?.load ?? 0);
    return [pool, backend, { ...measured, load: loads.reduce((sum, load) => sum + load, 0) }];
  });
}

function either(one: BackendMeasured, other: BackendMeasured): BackendMeasured {
  return {
    activity: one.activity ?? other.activity,
    handshakeMs: one.handshakeMs ?? other.handshakeMs,
    roundTripMs: one.roundTripMs ?? other.roundTripMs,
    reported: one.reported ?? other.reported,
  };
}
