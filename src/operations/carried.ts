import type { Milliseconds } from "../base/index.ts";
import { chooseByLoad } from "../moves/index.ts";
import type { NamedLoad, RebalanceCourse, RebalanceOrder } from "../moves/index.ts";

import type { BySize, MoveOrder } from "./desk.ts";
import { ask, giveParts, loadsOf } from "./moving.ts";
import type { MovesWorld } from "./moving.ts";
import type { Reported } from "./reports.ts";

/** Only tells what tunnels carry. */
const WEIGH: BySize = { sizes: {}, asks: true };
/** Sums of the same numbers in another order differ by less. */
const ROUNDING = 1 + 1e-9;

/** What the workers have of a pool, with what it carries. */
export function weigh(world: MovesWorld, pool: string): Promise<Reported> {
  return ask(world, { kind: "rebalance", pool, counts: {}, minIdle: 0, minAge: 0, bySize: WEIGH });
}

/**
 * Loads of a pool's backends, of what {@link weigh} has told: what their tunnels carry. A backend that says that it is loaded
 * has a smaller share, as its balancing method has it.
 */
export function carriedLoadsOf(world: MovesWorld, pool: string, reported: Reported): NamedLoad[] {
  return loadsOf(world, pool, reported).map((counted) => {
    const { all = 0, strain = 1 } = reported.carriedOf(counted.name) ?? {};
    return { ...counted, load: all, weight: counted.weight / strain, tunnels: counted.load };
  });
}

/**
 * Has tunnels of one backend moved that carry what is asked for: those of all workers that carry most, and tells the course.
 *
 * @returns how many were moved
 */
export async function giveBySize(
  world: MovesWorld,
  pool: string,
  course: RebalanceCourse,
  { backend, move, size, minAge }: RebalanceOrder & { readonly minAge: Milliseconds },
): Promise<number> {
  if (size === undefined) return 0;
  const bySize: BySize = { sizes: { [backend]: size }, asks: true };
  const order: MoveOrder = { kind: "rebalance", pool, counts: { [backend]: move }, minIdle: 0, minAge, bySize };
  const parts = shareOutOffers(order, backend, await ask(world, order));
  const given = parts.size === 0 ? undefined : await giveParts(world, { ...order, counts: {} }, parts);
  const moved = given?.moved ?? 0;
  course.moved(backend, moved, given?.carriedOf(backend)?.moved ?? 0);
  return moved;
}

/** Each worker's part of an order: those of all that were offered that carry most and fit. */
function shareOutOffers(order: MoveOrder, backend: string, offered: Reported): ReadonlyMap<number, MoveOrder> {
  const size = order.bySize?.sizes[backend];
  const count = order.counts[backend] ?? 0;
  if (size === undefined) return new Map();
  const offers = offered.reports.flatMap(({ worker, report }) =>
    (report.backends[backend]?.carried?.offers ?? []).map((carries) => ({ worker, carries })),
  );
  const chosen = Map.groupBy(chooseByLoad(offers, { ...size, count }), ({ worker }) => worker);
  return new Map(
    [...chosen].map(([worker, own]): [number, MoveOrder] => {
      const sum = own.reduce((total, { carries }) => total + carries, 0) * ROUNDING;
      const bySize: BySize = { sizes: { [backend]: { ...size, sum } }, asks: false };
      return [worker, { ...order, counts: { [backend]: own.length }, bySize }];
    }),
  );
}
