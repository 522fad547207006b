import type { Measures } from "../metrics/index.ts";

import type { Gateway } from "./gateway.ts";
import { TunnelLife } from "./tunnel-life.ts";

/** All that a gateway has measured by now. */
export function measure({ world, tunnels }: Gateway): Measures {
  return world.meters.snapshot(tunnels, ({ owner }) => (owner instanceof TunnelLife ? owner.carrier : undefined));
}
