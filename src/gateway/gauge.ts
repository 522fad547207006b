import { detachedEntry } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import { carriedNothing, isEmptyReading } from "../pool/index.ts";
import type { Backend, BackendReading, CarriedBy } from "../pool/index.ts";

import type { Gateway } from "./gateway.ts";
import { Traffic } from "./traffic.ts";

/** How often what balancing methods go by is measured. */
const LOOK_INTERVAL_MS: Milliseconds = 1_000;

/** Measures every second what the pools' balancing methods ask for, and tells it. One entry of the wheel serves all. */
export function gauge(gateway: Gateway): void {
  const { wheel, clock, onReadings } = gateway.world;
  let before = clock.now();
  let hadSome = false;
  const entry = detachedEntry(() => {
    const now = clock.now();
    const readings = look(gateway, now - before).filter(([, , reading]) => !isEmptyReading(reading));
    // That there is nothing any more is told as well, once.
    if (hadSome || readings.length > 0) onReadings(readings);
    hadSome = readings.length > 0;
    before = now;
    return LOOK_INTERVAL_MS;
  });
  wheel.add(entry, LOOK_INTERVAL_MS);
}

function look(gateway: Gateway, elapsed: Milliseconds): BackendReading[] {
  const pools = [...gateway.pools.values()].filter(({ isMeasured }) => isMeasured);
  const carriedBy = pools.some(({ asksForTraffic }) => asksForTraffic) ? readTunnels(gateway) : carriedNothing;
  return pools.flatMap((pool) => pool.look(elapsed, carriedBy));
}

/** What tunnels have carried, those that have ended and those that are open. */
function readTunnels({ tunnels, pools, world }: Gateway): CarriedBy {
  const carried = new Map<Backend, Traffic>();
  for (const pool of pools.values()) {
    if (!pool.asksForTraffic) continue;
    for (const backend of pool.backends) {
      const traffic = new Traffic();
      traffic.add(world.meters.past(pool.name, backend.name));
      carried.set(backend, traffic);
    }
  }
  for (const { tunnel, backend } of tunnels) carried.get(backend)?.addTunnel(tunnel);
  return (backend) => carried.get(backend) ?? carriedNothing(backend);
}
