import { FairleadError } from "../base/index.ts";

import { InputError } from "../config/index.ts";
import { filterOf, filterQuery, orderOf, tunnelsQuery } from "./inputs.ts";
import { NO_INPUT, plainRoute, route } from "./route.ts";
import type { Route } from "./route.ts";
import { endedSchema, tunnelPageSchema, tunnelSchema } from "./schemas.ts";
import type { TunnelQuery } from "./source.ts";

const TUNNELS = "/api/v1/tunnels";
const TUNNEL = `${TUNNELS}/{id}`;

/** Open tunnels. */
export const TUNNEL_ROUTES: readonly Route[] = [
  route("GET", TUNNELS, {
    summary: "Open tunnels, filtered, sorted, one page of them.",
    query: tunnelsQuery,
    input: NO_INPUT,
    output: tunnelPageSchema,
    async handle(source, { query }) {
      const { sort, offset, limit, ...filter } = query;
      return { json: await source.tunnels({ filter: filterOf(filter), ...orderOf(sort), offset, limit }) };
    },
  }),
  route("DELETE", TUNNELS, {
    summary: "Ends all tunnels that fit a filter with 1012. At least one part of the filter has to be given.",
    query: filterQuery,
    input: NO_INPUT,
    output: endedSchema,
    async handle(source, { query }) {
      const filter = filterOf(query);
      if (Object.keys(filter).length === 0) {
        const message = `this would end every tunnel; say which, by ${Object.keys(filterQuery.shape).join(", ")}`;
        throw new InputError([{ path: "", message }]);
      }
      return { json: { ended: await source.endTunnels(filter) } };
    },
  }),
  plainRoute("GET", TUNNEL, {
    summary: "One open tunnel.",
    output: tunnelSchema,
    errors: [404],
    async handle(source, { param }) {
      const [tunnel] = (await source.tunnels(oneById(param("id")))).tunnels;
      return tunnel === undefined ? missing(param("id")) : { json: tunnel };
    },
  }),
  plainRoute("DELETE", TUNNEL, {
    summary: "Ends one tunnel with 1012.",
    output: endedSchema,
    errors: [404],
    async handle(source, { param }) {
      const ended = await source.endTunnels({ id: param("id") });
      return ended === 0 ? missing(param("id")) : { json: { ended } };
    },
  }),
];

function oneById(id: string): TunnelQuery {
  return { filter: { id }, sort: "age", descending: true, offset: 0, limit: 1 };
}

function missing(id: string): never {
  throw new FairleadError("NOT_FOUND", `There is no open tunnel ${JSON.stringify(id)}; it may have ended.`);
}
