import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";

import type { Wheel } from "../base/index.ts";
import type { LimitOptions, ListenerConfig } from "../config/index.ts";
import { isWebSocketUpgrade, judgeUpgrade } from "../websocket/index.ts";
import { NOBODY, socketOf, StreamLeg } from "../wire/index.ts";
import type { Accepted, LegDriver } from "../wire/index.ts";

import { Answers } from "./answers.ts";
import { FirstWords } from "./first-words.ts";
import type { FirstWordsOwner } from "./first-words.ts";
import type { Opening } from "./opening.ts";
import { Refusals } from "./refusals.ts";
import type { OnBadRequest } from "./refusals.ts";
import { tlsOptions } from "./tls.ts";

/** Who gets what comes in. None of these may throw. */
export interface ListenerHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  /** The connection belongs to whoever takes the handshake; the listener does not know it any more. */
  upgrade(opening: Opening): void;
  readonly badRequest: OnBadRequest;
}

/** What a listener needs of its worker. */
export interface ListenerWorld {
  readonly driver: LegDriver;
  readonly wheel: Wheel;
}

/** Speaks TLS and HTTP on the connections of one entrance that are given to it. */
export interface Listener {
  readonly config: ListenerConfig;
  /** Connections that it knows now. */
  readonly connections: number;
  /** Takes over a connection that nobody has read from yet. */
  accept(accepted: Accepted): void;
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
  world: ListenerWorld,
): Listener {
  const server = makeServer(config, limits, ticketKeys);
  const answers = new Answers();
  const refusals = new Refusals(answers, handlers.badRequest);
  const sockets = new Set<Socket>();
  const newcomers = new Set<FirstWords>();
  const secured = new Secured();
  let localPort = 0;
  function forget(this: Socket): void {
    sockets.delete(this);
  }
  function serve(socket: Socket): void {
    sockets.add(socket);
    socket.once("close", forget);
    socket.allowHalfOpen = config.tls === undefined;
    server.emit("connection", socket);
    socket.resume();
  }
  const owner: FirstWordsOwner = {
    ...world,
    ...limits,
    opening(words, opening) {
      newcomers.delete(words);
      // The same for all; asking the system each time would cost.
      localPort ||= opening.leg.localPort;
      handlers.upgrade({ ...opening, localPort });
    },
    other(words, socket) {
      newcomers.delete(words);
      serve(socket);
    },
    silent(words, socket) {
      newcomers.delete(words);
      sockets.add(socket);
      socket.once("close", forget);
      refusals.refuse(socket, 408);
    },
    gone: (words) => void newcomers.delete(words),
  };
  const upgrade = (opening: Opening, socket: Socket): void => {
    if (!sockets.delete(socket)) secured.add(socket);
    handlers.upgrade(opening);
  };
  attach(server, { ...handlers, upgrade }, answers, refusals);
  // It gets its connections from elsewhere; this is the moment from which on Node watches over their time limits.
  server.emit("listening");
  return {
    config,
    get connections() {
      return sockets.size - secured.count + newcomers.size;
    },
    accept(accepted) {
      if (config.tls === undefined) newcomers.add(new FirstWords(accepted, owner));
      else serve(socketOf(accepted));
    },
    closeIdle: () => server.closeIdleConnections(),
    answered: () => answers.allSent(),
    destroy() {
      server.close();
      for (const socket of sockets) socket.destroy();
      for (const words of newcomers) words.destroy();
    },
  };
}

/** Counts connections over TLS that were given away with a handshake: their plain sockets stay as long as they do. */
class Secured {
  count = 0;

  add(socket: Socket): void {
    this.count += 1;
    socket.once("close", () => (this.count -= 1));
  }
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
  const server = createSecureServer({
    ...options,
    ...tlsOptions(config.tls),
    ticketKeys,
    handshakeTimeout: limits.headTimeout,
  });
  // Not before: who ends in the middle of the TLS handshake will not finish it, and half-open it would be waited for.
  return server.on("secureConnection", (socket) => void (socket.allowHalfOpen = true));
}

interface ServerHandlers {
  request: ListenerHandlers["request"];
  upgrade(opening: Opening, socket: Socket): void;
}

function attach(server: Server, handlers: ServerHandlers, answers: Answers, refusals: Refusals): void {
  server.on("request", (request, response) => {
    answers.begun(request.socket, response);
    handlers.request(request, response);
  });
  // Node's types say Duplex; without a custom socket it is a socket.
  server.on("upgrade", (request, duplex, early) => {
    const socket = duplex as Socket;
    const { method = "", url = "", httpVersion, rawHeaders } = request;
    // Older Nodes of line 22 have no shouldUpgradeCallback and bring every Upgrade here. And what waits behind a request
    // that is still being answered would get the rest of that answer into its tunnel.
    if (!isWebSocketUpgrade(rawHeaders) || answers.isUnderWay(socket)) {
      refusals.refuse(socket, 400);
      return;
    }
    const head = { method, target: url, version: httpVersion, headers: rawHeaders };
    const leg = new StreamLeg(socket, NOBODY);
    handlers.upgrade({ head, judgement: judgeUpgrade(head), leg, localPort: leg.localPort, early }, socket);
  });
  server.on("connect", (_request, socket) => refusals.refuse(socket as Socket, 405));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => refusals.parserFailed(error, socket as Socket));
}
