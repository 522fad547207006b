import { createServer, STATUS_CODES } from "node:http";
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

import { FairleadError } from "../base/index.ts";
import type { LimitOptions, ListenerConfig } from "../config/index.ts";
import { responseHeadText } from "../http/index.ts";
import { isWebSocketUpgrade } from "../websocket/index.ts";

import { tlsOptions } from "./tls.ts";

/** Who gets what comes in. None of these may throw. */
export interface ListenerHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  /** @param head bytes that came behind the request */
  upgrade(request: IncomingMessage, socket: Socket, head: Uint8Array): void;
  /** A connection sent something that is no request; `status` is what it was told. */
  badRequest(socket: Socket, status: number, reason: string): void;
}

/** An address that clients connect to. */
export interface Listener {
  readonly config: ListenerConfig;
  /** Where it really listens; the port is the chosen one when 0 was asked for. */
  address(): { readonly host: string; readonly port: number };
  /** Connections that are open now. */
  connections(): Promise<number>;
  /** Takes no new connections, and ends those that wait for a next request. */
  stop(): void;
  /** Ends all connections that have not become tunnels. */
  destroy(): void;
}

/** How often the limits on slow heads are looked at. Node's own default is 30 s, which is what they would be late. */
const CONNECTIONS_CHECK_INTERVAL_MS = 1_000;
const BACKLOG_CONNECTIONS_MAX = 4_096;

/** What Node's parser calls its complaints, and the status that answers them. */
const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Begins to listen.
 *
 * @param ticketKeys 48 bytes shared by all workers, so that a TLS session begun with one can be resumed with another
 * @throws FairleadError LISTEN_FAILED when the address cannot be listened on
 */
export async function listen(
  config: ListenerConfig,
  limits: LimitOptions,
  handlers: ListenerHandlers,
  ticketKeys: Buffer,
): Promise<Listener> {
  const server = makeServer(config, limits, ticketKeys);
  server.on("request", handlers.request);
  // Node's types say Duplex; without a custom socket it is a socket.
  server.on("upgrade", (request, socket, head) => onUpgrade(handlers, request, socket as Socket, head));
  server.on("connect", (_request, socket) => refuse(handlers, socket as Socket, 405));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => onClientError(handlers, error, socket as Socket));
  await start(server, config);
  return {
    config,
    address: () => addressOf(server),
    connections: () => countConnections(server),
    stop: () => {
      server.close();
      server.closeIdleConnections();
    },
    destroy: () => server.closeAllConnections(),
  };
}

function makeServer(config: ListenerConfig, limits: LimitOptions, ticketKeys: Buffer): Server {
  const options: ServerOptions = {
    maxHeaderSize: limits.maxHeadSize,
    headersTimeout: limits.headTimeout,
    requestTimeout: limits.requestTimeout === "off" ? 0 : limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
    noDelay: true,
    keepAlive: true,
    // Host headers are judged here in one place for upgrades and plain requests alike.
    requireHostHeader: false,
    // Everything but websocket, above all h2c, is a plain request whose Upgrade is ignored.
    shouldUpgradeCallback: (request: IncomingMessage) => isWebSocketUpgrade(request.rawHeaders),
  } as ServerOptions;
  if (config.tls === undefined) return createServer(options);
  return createSecureServer({ ...options, ...tlsOptions(config.tls), ticketKeys });
}

function onUpgrade(handlers: ListenerHandlers, request: IncomingMessage, socket: Socket, head: Uint8Array): void {
  // Older Nodes of line 22 have no shouldUpgradeCallback and bring every Upgrade here.
  if (isWebSocketUpgrade(request.rawHeaders)) handlers.upgrade(request, socket, head);
  else refuse(handlers, socket, 400);
}

function onClientError(handlers: ListenerHandlers, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  refuse(handlers, socket, STATUS_OF[error.code ?? ""] ?? 400);
}

/** Answers what is no request that could be handled, and ends the connection. */
function refuse(handlers: ListenerHandlers, socket: Socket, status: number): void {
  const reason = STATUS_CODES[status] ?? "";
  socket.on("error", () => socket.destroy());
  const headers = status === 405 ? ["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"] : [];
  const head = responseHeadText(status, reason, [...headers, "Connection", "close", "Content-Length", "0"]);
  socket.end(head, "latin1", () => socket.destroySoon());
  handlers.badRequest(socket, status, reason);
}

function start(server: Server, { host, port, name }: ListenerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(new FairleadError("LISTEN_FAILED", `${name} cannot be listened on: ${listenAdvice(error)}`, error));
    };
    server.once("error", onError);
    server.listen({ host, port, backlog: BACKLOG_CONNECTIONS_MAX }, () => {
      server.off("error", onError);
      // Errors of accepting (no descriptor left) must not stop the process; the next connection may succeed.
      server.on("error", () => {});
      resolve();
    });
  });
}

function listenAdvice(error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRINUSE")
    return "the address is in use; stop what listens there, or choose another with --listen.";
  if (error.code === "EACCES") return "permission denied; choose a port above 1023, or grant CAP_NET_BIND_SERVICE.";
  if (error.code === "EADDRNOTAVAIL") return "this machine does not have that address.";
  return error.message;
}

function addressOf(server: Server): { host: string; port: number } {
  // A server that listens on TCP has an AddressInfo.
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0));
  });
}
