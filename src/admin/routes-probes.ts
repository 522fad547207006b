import type { Status } from "../metrics/index.ts";

import { plainRoute } from "./route.ts";
import type { Reply, Route } from "./route.ts";
import { aliveSchema, healthSchema, readinessSchema } from "./schemas.ts";

/** What probes and collectors ask. */
export const PROBES: readonly Route[] = [
  plainRoute("GET", "/livez", {
    summary: "Whether the process answers.",
    open: true,
    output: aliveSchema,
    handle: () => ({ json: { status: "alive" } }),
  }),
  plainRoute("GET", "/readyz", {
    summary: "Whether new clients are served.",
    open: true,
    output: readinessSchema,
    errors: [503],
    handle: (source) =>
      source.ready() ? { json: { status: "ready" } } : { status: 503, json: { status: "not ready" } },
  }),
  plainRoute("GET", "/healthz", {
    summary: "Whether every pool has a healthy backend.",
    open: true,
    output: healthSchema,
    errors: [503],
    handle: async (source) => healthOf(await source.status()),
  }),
  plainRoute("GET", "/metrics", {
    summary: "All metrics, in the text form of Prometheus.",
    media: "text/plain",
    handle: (source, { accept }) => source.metrics(accept),
  }),
];

/** Healthy as long as every pool has a backend that takes new work. */
function healthOf(status: Status): Reply {
  const pools = status.pools.map(({ name, backends }) => ({
    name,
    backends: backends.length,
    healthy: backends.filter((backend) => backend.health === "healthy").length,
  }));
  const healthy = pools.every((pool) => pool.healthy > 0);
  return { status: healthy ? 200 : 503, json: { status: healthy ? "healthy" : "unhealthy", pools } };
}
