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
    summary: "Whether every pool serves: by a healthy backend, or by all while it panics.",
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

/**
 * 200 as long as every pool serves. A pool that panics does: it tries all that it has, and whoever takes the instance out
 * for it turns an alarm that may be false into an outage.
 */
function healthOf(status: Status): Reply {
  const pools = status.pools.map(({ name, backends, panic }) => {
    const members = backends.filter(({ state }) => state === "active");
    const healthy = members.filter(({ health }) => health === "healthy").length;
    return { name, backends: members.length, healthy, panic, serves: healthy > 0 || panic };
  });
  if (!pools.every(({ serves }) => serves)) return { status: 503, json: { status: "unhealthy", pools } };
  const panics = pools.some(({ panic }) => panic);
  return { status: 200, json: { status: panics ? "panicking" : "healthy", pools } };
}
