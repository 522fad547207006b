import { FairleadError } from "../base/index.ts";

import { drainInputSchema, rebalanceInputSchema } from "./inputs.ts";
import { NO_QUERY, plainRoute, route } from "./route.ts";
import type { Reply, Route } from "./route.ts";
import { moveSchema, movesSchema } from "./schemas.ts";
import type { AdminSource, Move } from "./source.ts";

const PLACES = { drain: "/api/v1/drains", rebalance: "/api/v1/rebalances" } as const;

/** Drains and rebalances. */
export const MOVE_ROUTES: readonly Route[] = [
  route("POST", PLACES.drain, {
    summary: "Begins to drain a backend: nothing new, and its tunnels are ended with 1012, or re-homed, at a pace.",
    query: NO_QUERY,
    input: drainInputSchema,
    status: 201,
    output: moveSchema,
    errors: [404, 409],
    handle: async (source, { input }) => begun(await source.drain(input)),
  }),
  ...placeOf("drain"),
  route("POST", PLACES.rebalance, {
    summary:
      "Begins to rebalance a pool: what its backends have above their share is ended with 1012, or re-homed, at a pace.",
    query: NO_QUERY,
    input: rebalanceInputSchema,
    status: 201,
    output: moveSchema,
    errors: [404, 409],
    handle: async (source, { input }) => begun(await source.rebalance(input)),
  }),
  ...placeOf("rebalance"),
];

function placeOf(kind: Move["kind"]): readonly Route[] {
  const place = PLACES[kind];
  return [
    plainRoute("GET", place, {
      summary: `The ${kind}s that run, and the latest that have ended.`,
      output: movesSchema,
      handle: (source) => ({ json: source.moves().filter((move) => move.kind === kind) }),
    }),
    plainRoute("GET", `${place}/{id}`, {
      summary: `One ${kind}, and how far it has come.`,
      output: moveSchema,
      errors: [404],
      handle: (source, { param }) => ({ json: moveOf(source, kind, param("id")) }),
    }),
    plainRoute("DELETE", `${place}/{id}`, {
      summary: `Cancels a ${kind}; what it has moved stays moved.`,
      output: moveSchema,
      errors: [404, 409],
      handle: (source, { param }) => ({ json: source.cancelMove(moveOf(source, kind, param("id")).id) }),
    }),
  ];
}

function moveOf(source: AdminSource, kind: Move["kind"], id: string): Move {
  const move = source.moves().find((one) => one.kind === kind && one.id === id);
  if (move === undefined) {
    const message = `There is no ${kind} ${JSON.stringify(id)}; those that there are stand at ${PLACES[kind]}.`;
    throw new FairleadError("NOT_FOUND", message);
  }
  return move;
}

function begun(move: Move): Reply {
  return { json: move, headers: { Location: `${PLACES[move.kind]}/${encodeURIComponent(move.id)}` } };
}
