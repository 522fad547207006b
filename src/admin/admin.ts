import { createServer } from "node:http";
import type { Server, ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";

import { FairleadError, silentLogger } from "../base/index.ts";
import type { Logger, Milliseconds } from "../base/index.ts";
import { formatAddress } from "../config/index.ts";
import type { Address, AdminConfig } from "../config/index.ts";
import { listenAdvice } from "../listener/index.ts";
import { descriptorOf } from "../wire/index.ts";

import { respond } from "./answer.ts";
import type { Assets } from "./assets.ts";
import { createEventStreams } from "./events.ts";
import type { EventLimits } from "./events.ts";
import { createGuard } from "./guard.ts";
import { createRoutes } from "./routes.ts";
import type { AdminSource } from "./source.ts";

/** What an admin listener may be given. */
export interface AdminOptions {
  /** Told of what fails here; the default says nothing. */
  readonly logger?: Logger;
  /** The files of the dashboard; without it there is none. */
  readonly assets?: Assets;
  /** A descriptor that listens already: it is taken over, and the address is not looked at. */
  readonly descriptor?: number;
  /** Limits of the streams of events. */
  readonly events?: EventLimits;
}

/** The admin listener. */
export interface Admin {
  readonly address: Address;
  /** What listens, so that another process can take over; undefined where there is no such number. */
  readonly descriptor: number | undefined;
  /** From the next request on, the token and the hosts of this count; the address stays. */
  protect(admin: AdminConfig): void;
  /** Listens no more; what was asked is answered, and streams of events end. */
  leave(): void;
  /** Listens no more, and ends every connection. */
  close(): Promise<void>;
}

/** What is asked here is short: limits of heads and of time, looked at as often. */
const LIMITS: ServerOptions = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
};

/** Connections at a time; those beyond are ended. */
const MAX_CONNECTIONS = 64;

/** Time in which nothing moves on a connection, after which it is ended: somebody does not take the answer. */
const MAX_SILENCE: Milliseconds = 120_000;

const CHOICE = "choose another with --admin, or none with --admin off";

/**
 * Opens the admin listener.
 *
 * @throws FairleadError LISTEN_FAILED when the address, or the descriptor, cannot be listened on
 */
export async function startAdmin(admin: AdminConfig, source: AdminSource, options: AdminOptions = {}): Promise<Admin> {
  const { logger = silentLogger, assets = () => undefined } = options;
  const streams = createEventStreams(source.events, options.events);
  const desk = { source, routes: createRoutes(), streams, assets, logger };
  let guard = createGuard(admin);
  const server = createServer(LIMITS, (request, response) => void respond(request, response, { ...desk, guard }));
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = MAX_SILENCE;
  await listen(server, admin, options.descriptor);
  // A server that listens on TCP has an AddressInfo.
  const bound = server.address() as AddressInfo;
  return {
    address: { host: bound.address, port: bound.port },
    descriptor: descriptorOf(server),
    protect(changed) {
      guard = createGuard(changed);
    },
    leave() {
      server.close();
      streams.end();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, address: Address, descriptor: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    // It stays: later errors are of accepting (no descriptor left), and the next connection may succeed.
    server.on("error", (error) => {
      const text = `${formatAddress(address)} cannot be listened on for the admin API: ${listenAdvice(error, CHOICE)}.`;
      reject(new FairleadError("LISTEN_FAILED", text, error));
    });
    if (descriptor === undefined) server.listen(address.port, address.host, resolve);
    else server.listen({ fd: descriptor }, resolve);
  });
}
