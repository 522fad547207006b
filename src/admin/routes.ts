import { describeDocument } from "./openapi.ts";
import { plainRoute } from "./route.ts";
import type { Route } from "./route.ts";
import { INSTANCE_ROUTES } from "./routes-instance.ts";
import { MOVE_ROUTES } from "./routes-moves.ts";
import { POOL_ROUTES } from "./routes-pools.ts";
import { PROBES } from "./routes-probes.ts";
import { TUNNEL_ROUTES } from "./routes-tunnels.ts";
import { documentSchema } from "./schemas.ts";

/** Makes all routes. They are the same for every instance, but the document that tells of them is only made when asked for. */
export function createRoutes(): readonly Route[] {
  let document: object | undefined;
  const routes: readonly Route[] = [
    ...PROBES,
    ...INSTANCE_ROUTES,
    ...POOL_ROUTES,
    ...TUNNEL_ROUTES,
    ...MOVE_ROUTES,
    plainRoute("GET", "/api/v1/openapi.json", {
      summary: "This document.",
      output: documentSchema,
      handle: () => {
        document ??= describeDocument(routes);
        return { json: document };
      },
    }),
  ];
  return routes;
}

/** What there is at a path. */
export interface Found {
  /** Undefined when there is something, but not by this method. */
  readonly route: Route | undefined;
  /** Whether probes ask at this path. */
  readonly open: boolean;
  /** The methods that there are, as Allow says them. */
  readonly allow: string;
}

/** Finds what serves a method at a path. HEAD is served as GET. @returns undefined when there is nothing at that path */
export function findRoute(routes: readonly Route[], method: string, path: string): Found | undefined {
  const here = routes.filter(({ template }) => template.match(path) !== undefined);
  if (here.length === 0) return undefined;
  const wanted = method === "HEAD" ? "GET" : method;
  const methods = here.flatMap((one) => (one.method === "GET" ? ["GET", "HEAD"] : [one.method]));
  const open = here.some((one) => one.open);
  return { route: here.find((one) => one.method === wanted), open, allow: methods.join(", ") };
}
