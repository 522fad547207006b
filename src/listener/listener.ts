import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";

import type { LimitOptions, ListenerConfig } from "../config/index.ts";
import { isWebSocketUpgrade } from "../websocket/index.ts";

import { Answers } from "./answers.ts";
import { Refusals } from "./refusals.ts";
import type { OnBadRequest } from "./refusals.ts";
import { tlsOptions } from "./tls.ts";

/** Who gets what comes in. None of these may throw. */
export interface ListenerHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  /** @param head bytes that came behind the request */
  upgrade(request: IncomingMessage, socket: Socket, head: Uint8Array): void;
  readonly badRequest: OnBadRequest;
}

/** Speaks TLS and HTTP on the connections of one entrance that are given to it. */
export interface Listener {
  readonly config: ListenerConfig;
  /** Connections that are open now, tunnels among them. */
  readonly connections: number;
  /** Takes over a connection that nobody has read from yet. */
  accept(socket: Socket): void;
  /** Ends connections that wait for a next request. */
  closeIdle(): void;
  /** Resolves when every answer that was begun has left. */
  answered(): Promise<void>;
  /** Ends all connections. */
  destroy(): void;
}

/** How often the limits on slow heads are looked at. Node's own default is 30 s, which is what they would be late. */
const CONNECTIONS_CHECK_INTERVAL_MS = 1_000;

/**
 * Makes a listener.
 *
 * @param ticketKeys 48 bytes shared by all workers, so that a TLS session begun with one can be resumed with another
 * @throws FairleadError TLS_FILES when a certificate cannot be used
 */
export function createListener(
  config: ListenerConfig,
  limits: LimitOptions,
  handlers: ListenerHandlers,
  ticketKeys: Buffer,
): Listener {
  const server = makeServer(config, limits, ticketKeys);
  const answers = new Answers();
  attach(server, handlers, answers);
  const sockets = new Set<Socket>();
  function forget(this: Socket): void {
    sockets.delete(this);
  }
  // It gets its connections from elsewhere; this is the moment from which on Node watches over their time limits.
  server.emit("listening");
  return {
    config,
    get connections() {
      return sockets.size;
    },
    accept(socket) {
      sockets.add(socket);
      socket.once("close", forget);
      socket.allowHalfOpen = true;
      server.emit("connection", socket);
      socket.resume();
    },
    closeIdle: () => server.closeIdleConnections(),
    answered: () => answers.allSent(),
    destroy() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function makeServer(config: ListenerConfig, limits: LimitOptions, ticketKeys: Buffer): Server {
  const options = {
    maxHeaderSize: limits.maxHeadSize,
    headersTimeout: limits.headTimeout,
    requestTimeout: limits.requestTimeout === "off" ? 0 : limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
    // Host headers are judged in one place, for upgrades and plain requests alike.
    requireHostHeader: false,
    // Everything but websocket, above all h2c, is a plain request whose Upgrade is ignored.
    shouldUpgradeCallback: (request: IncomingMessage) => isWebSocketUpgrade(request.rawHeaders),
  } as ServerOptions; // the types of Node 22 do not know the last one
  if (config.tls === undefined) return createServer(options);
  return createSecureServer({
    ...options,
    ...tlsOptions(config.tls),
    ticketKeys,
    handshakeTimeout: limits.headTimeout,
  });
}

function attach(server: Server, handlers: ListenerHandlers, answers: Answers): void {
  const refusals = new Refusals(answers, handlers.badRequest);
  server.on("request", (request, response) => {
    answers.begun(request.socket, response);
    handlers.request(request, response);
  });
  // Node's types say Duplex; without a custom socket it is a socket.
  server.on("upgrade", (request, duplex, head) => {
    const socket = duplex as Socket;
    // Older Nodes of line 22 have no shouldUpgradeCallback and bring every Upgrade here. And what waits behind a request
    // that is still being answered would get the rest of that answer into its tunnel.
    if (!isWebSocketUpgrade(request.rawHeaders) || answers.isUnderWay(socket)) refusals.refuse(socket, 400);
    else handlers.upgrade(request, socket, head);
  });
  server.on("connect", (_request, socket) => refusals.refuse(socket as Socket, 405));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => refusals.parserFailed(error, socket as Socket));
}
