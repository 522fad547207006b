import type { IncomingMessage, ServerResponse } from "node:http";

import { FairleadError } from "../base/index.ts";
import type { Logger } from "../base/index.ts";
import { splitTarget } from "../http/index.ts";

import { isPage } from "./assets.ts";
import type { Assets } from "./assets.ts";
import { readJson } from "./body.ts";
import { errorAnswer, Refusal } from "./errors.ts";
import { eventsAfter, lastEventId, wantsList } from "./events.ts";
import type { EventStreams } from "./events.ts";
import type { Guard } from "./guard.ts";
import type { Reply, Route } from "./route.ts";
import { findRoute } from "./routes.ts";
import type { AdminSource } from "./source.ts";

/** What is needed to answer. */
export interface Desk {
  readonly source: AdminSource;
  readonly routes: readonly Route[];
  readonly guard: Guard;
  readonly streams: EventStreams;
  readonly assets: Assets;
  readonly logger: Logger;
}

/** Of every answer. Other origins get nothing out of it, also where browsers would embed it. */
const COMMON = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** Most of a path that is said again in an error. */
const MAX_PATH_TOLD = 200;

/** Answers one request. Never throws. */
export async function respond(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> {
  try {
    for (const [name, value] of Object.entries(COMMON)) response.setHeader(name, value);
    const { path, query } = targetOf(request);
    if (isPage(path)) servePage(path, request, response, desk);
    else await serveRoute(path, query, request, response, desk);
  } catch (error) {
    const { status, headers, body } = errorAnswer(error);
    if (status === 500) desk.logger.error({ err: error, method: request.method }, "the admin API failed");
    if (response.headersSent) response.destroy();
    else sendJson(request, response, status, headers, body);
  }
}

function servePage(path: string, request: IncomingMessage, response: ServerResponse, desk: Desk): void {
  desk.guard.checkHost(request);
  const asset = desk.assets(path);
  if (asset === undefined) throw nothingAt(path, desk.routes);
  if (request.method !== "GET" && request.method !== "HEAD") throw wrongMethod("GET, HEAD");
  if (request.headers["if-none-match"] === asset.etag) {
    const { "Content-Length": _length, ...headers } = asset.headers;
    response.writeHead(304, headers).end();
  } else send(request, response, 200, asset.headers, asset.body);
}

async function serveRoute(
  path: string,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
  desk: Desk,
): Promise<void> {
  const found = findRoute(desk.routes, request.method ?? "", path);
  if (found?.open !== true) {
    desk.guard.checkHost(request);
    desk.guard.checkToken(request);
  }
  if (found === undefined) throw nothingAt(path, desk.routes);
  const { route, allow } = found;
  if (route === undefined) throw wrongMethod(allow);
  const changes = route.method !== "GET";
  if (changes) desk.guard.checkOrigin(request);
  const body = changes ? await readJson(request) : undefined;
  const { accept } = request.headers;
  sendReply(await route.run(desk.source, { path, query, body, accept }), route, request, response, desk);
}

function sendReply(reply: Reply, route: Route, request: IncomingMessage, response: ServerResponse, desk: Desk): void {
  if ("json" in reply) {
    sendJson(request, response, reply.status ?? route.status, reply.headers ?? {}, reply.json);
  } else if ("text" in reply) {
    send(request, response, 200, { "Content-Type": reply.contentType }, reply.text);
  } else {
    const after = lastEventId(request) ?? reply.eventsAfter;
    response.setHeader("Vary", "Accept");
    if (wantsList(request.headers)) sendJson(request, response, 200, {}, eventsAfter(desk.source.events, after));
    else desk.streams.open(request, response, after);
  }
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  value: unknown,
): void {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  send(request, response, status, { "Content-Type": "application/json; charset=utf-8", ...headers }, text);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader("Content-Length", Buffer.byteLength(body));
  // A body that is not wanted, or too large, is not read to its end.
  if (!request.complete) response.setHeader("Connection", "close");
  response.writeHead(status);
  response.end(request.method === "HEAD" ? undefined : body);
}

function wrongMethod(allow: string): Refusal {
  return new Refusal("METHOD_NOT_ALLOWED", `Only ${allow} can be asked of this.`, { Allow: allow });
}

function nothingAt(path: string, routes: readonly Route[]): FairleadError {
  const told = JSON.stringify(path.slice(0, MAX_PATH_TOLD));
  const known = [...new Set(routes.map((route) => route.path))].join(", ");
  return new FairleadError("NOT_FOUND", `There is no ${told}; there are ${known}.`);
}

function targetOf({ url = "" }: IncomingMessage): { readonly path: string; readonly query: string } {
  if (!url.startsWith("/")) throw new Refusal("BAD_REQUEST", "The request target must be a path.");
  return splitTarget(url);
}
