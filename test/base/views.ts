import fc from "fast-check";
import type { PoolView } from "../../src/base/index.ts";

/** A view whose numbers a test can change. */
export interface TestView extends PoolView {
  stale: boolean;
}

/** Names as the configuration makes them. */
export function backendNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `ws://10.0.${Math.floor(index / 250)}.${(index % 250) + 1}:8000`);
}

/** A view of idle, eligible backends. */
export function viewOf(names: readonly string[], weights: readonly number[] = names.map(() => 1)): TestView {
  return {
    size: names.length,
    names,
    eligible: new Uint8Array(names.length).fill(1),
    weight: Float64Array.from(weights),
    load: new Int32Array(names.length),
    stale: false,
  };
}

/** Any small pool in any condition, with some of its backends tried already. */
export const anySituation = fc
  .array(
    fc.record({
      eligible: fc.boolean(),
      tried: fc.boolean(),
      weight: fc.constantFrom(0.5, 1, 1, 2, 7),
      load: fc.nat({ max: 50 }),
    }),
    { maxLength: 8 },
  )
  .chain((backends) => fc.record({ backends: fc.constant(backends), stale: fc.boolean() }))
  .map(({ backends, stale }) => {
    const view = viewOf(
      backendNames(backends.length),
      backends.map(({ weight }) => weight),
    );
    for (const [index, { eligible, load }] of backends.entries()) {
      view.eligible[index] = eligible ? 1 : 0;
      view.load[index] = load;
    }
    view.stale = stale;
    const tried = [...backends.keys()].filter((index) => backends[index]!.tried);
    const candidates = [...backends.keys()].filter((index) => backends[index]!.eligible && !tried.includes(index));
    return { view, tried, candidates };
  });
