import fc from "fast-check";
import { PoolState } from "../../src/base/index.ts";

/** Names as the configuration makes them. */
export function backendNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `ws://10.0.${Math.floor(index / 250)}.${(index % 250) + 1}:8000`);
}

/** A view of idle, eligible backends. */
export function viewOf(names: readonly string[], weights: readonly number[] = names.map(() => 1)): PoolState {
  return new PoolState(names, weights);
}

/** Gives backends loads, from the first one on. */
export function setLoads(view: PoolState, loads: readonly number[]): void {
  for (const [index, load] of loads.entries()) view.setLoad(index, load);
}

/** One tunnel more. */
export function addTunnel(view: PoolState, index: number): void {
  view.setLoad(index, view.load(index) + 1);
}

/** Loads of all backends. */
export function loadsOf(view: PoolState): number[] {
  return view.names.map((_, index) => view.load(index));
}

/** Any small pool in any condition, with some of its backends tried already. */
export const anySituation = fc
  .array(
    fc.record({
      eligible: fc.boolean(),
      tried: fc.boolean(),
      weight: fc.constantFrom(0.5, 1, 1, 2, 7),
      load: fc.nat({ max: 50 }),
      activity: fc.double({ min: 0, max: 1e6, noNaN: true }),
      measuredLoad: fc.nat({ max: 50 }),
      latency: fc.double({ min: 0, max: 1e5, noNaN: true }),
      strain: fc.double({ min: 0.5, max: 2, noNaN: true }),
    }),
    { maxLength: 8 },
  )
  .chain((backends) => fc.record({ backends: fc.constant(backends), stale: fc.boolean() }))
  .map(({ backends, stale }) => {
    const view = viewOf(
      backendNames(backends.length),
      backends.map(({ weight }) => weight),
    );
    view.activityPerTunnel = 1;
    for (const [index, { eligible, load, activity, measuredLoad, latency, strain }] of backends.entries()) {
      view.setActivity(index, activity, measuredLoad);
      view.setLatency(index, latency);
      view.setStrain(index, strain);
      view.setEligible(index, eligible);
      view.setLoad(index, load);
    }
    view.stale = stale;
    const tried = [...backends.keys()].filter((index) => backends[index]!.tried);
    const candidates = [...backends.keys()].filter((index) => backends[index]!.eligible && !tried.includes(index));
    return { view, tried, candidates };
  });
