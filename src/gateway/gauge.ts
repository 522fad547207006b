import { detachedEntry } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import { carriedNothing, isEmptyReading } from "../pool/index.ts";
import type { BackendReading } from "../pool/index.ts";

import type { Gateway } from "./gateway.ts";

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

function look({ pools, tunnels, world: { meters } }: Gateway, elapsed: Milliseconds): BackendReading[] {
  const measured = [...pools.values()].filter(({ isMeasured }) => isMeasured);
  const traffic = measured.some(({ asksForTraffic }) => asksForTraffic) ? meters.traffic(tunnels) : undefined;
  return measured.flatMap((pool) =>
    pool.look(elapsed, (backend) => traffic?.get(meters.carrierOf(pool.name, backend.name)) ?? carriedNothing(backend)),
  );
}
