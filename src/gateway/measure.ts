import type { Measures } from "../metrics/index.ts";

import type { Gateway } from "./gateway.ts";

/** All that a gateway has measured by now. */
export function measure({ world, tunnels }: Gateway): Measures {
  return world.meters.snapshot(tunnels);
}
