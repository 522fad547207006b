import { eventsQuery, historyQuery } from "./inputs.ts";
import { NO_INPUT, plainRoute, route } from "./route.ts";
import type { Route } from "./route.ts";
import {
  configSchema,
  eventsSchema,
  historySchema,
  reloadReportSchema,
  routesSchema,
  statusSchema,
} from "./schemas.ts";

/** The instance as a whole. */
export const INSTANCE_ROUTES: readonly Route[] = [
  plainRoute("GET", "/api/v1/status", {
    summary: "What the instance holds and counts at this moment.",
    output: statusSchema,
    handle: async (source) => ({ json: await source.status() }),
  }),
  plainRoute("GET", "/api/v1/routes", {
    summary: "The routes, in the order in which they are configured; the default one comes last.",
    output: routesSchema,
    handle: (source) => ({ json: source.routes() }),
  }),
  plainRoute("GET", "/api/v1/config", {
    summary: "The effective configuration, changes at run time included; secrets are hidden.",
    output: configSchema,
    handle: (source) => ({ json: source.config() }),
  }),
  plainRoute("POST", "/api/v1/reload", {
    summary: "Reads the configuration anew and swaps it in; a bad one changes nothing.",
    output: reloadReportSchema,
    errors: [409],
    handle: async (source) => ({ json: await source.reload() }),
  }),
  route("GET", "/api/v1/events", {
    summary: "What has happened, and what happens, as server-sent events; or the latest as a list of JSON.",
    query: eventsQuery,
    input: NO_INPUT,
    output: eventsSchema,
    media: "text/event-stream",
    errors: [503],
    handle: (_source, { query }) => ({ eventsAfter: query.after }),
  }),
  route("GET", "/api/v1/history", {
    summary: "Samples of the last hour, oldest first.",
    query: historyQuery,
    input: NO_INPUT,
    output: historySchema,
    handle: (source, { query }) => ({ json: source.history(query.since) }),
  }),
];
