import { CADDY } from "./caddy.ts";
import { FAIRLEAD } from "./fairlead.ts";
import { HAPROXY } from "./haproxy.ts";
import { NGINX } from "./nginx.ts";
import { NODE_PEERS } from "./node-peers.ts";
import type { Variant } from "./variant.ts";

/** No proxy: clients speak to the backend, so that the cost of the load itself is known. */
const DIRECT: Variant = {
  id: "direct",
  family: "direct",
  tuning: "default",
  quick: true,
  workers: 1,
  version: () => process.versions.node,
  launch: undefined,
};

/** Every contestant, in the order of the turns. */
export const VARIANTS: readonly Variant[] = [DIRECT, ...FAIRLEAD, ...NGINX, ...HAPROXY, ...CADDY, ...NODE_PEERS];

/** What `--proxy` may name: a contestant, or a family for all of its contestants. */
export const PROXY_NAMES: readonly string[] = [...new Set(VARIANTS.flatMap(({ id, family }) => [family, id]))];
