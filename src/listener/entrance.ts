import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";

import { FairleadError } from "../base/index.ts";
import type { ListenerConfig } from "../config/index.ts";
import { descriptorOf } from "../wire/index.ts";
import type { Accepted, LegDriver } from "../wire/index.ts";

/** An address that is listened on. What it accepts is read by whoever it is handed to. */
export interface Entrance {
  readonly config: ListenerConfig;
  /** Where it really listens; the port is the chosen one when 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  /** The file descriptor that it listens by; undefined where there is none, as on Windows. */
  readonly descriptor: number | undefined;
  /** Accepts nothing more. */
  close(): void;
}

/** Who gets what comes in. */
export interface EntranceHandlers {
  /** A connection that nobody has read from yet. */
  connection(accepted: Accepted): void;
  /** A connection could not be accepted, mostly for want of descriptors. The next one may be. */
  failed(error: Error): void;
}

/** Connections that may wait to be accepted; the system may have a lower limit of its own. */
export const BACKLOG_CONNECTIONS_MAX = 4_096;

/**
 * Begins to listen.
 *
 * @param inherited a descriptor that listens already, to be used instead of the configured address
 * @throws FairleadError LISTEN_FAILED when the address cannot be listened on
 */
export async function openEntrance(
  config: ListenerConfig,
  handlers: EntranceHandlers,
  driver: LegDriver,
  inherited?: number,
): Promise<Entrance> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  await start(server, config, inherited);
  driver.accept(server, (accepted) => handlers.connection(accepted));
  server.on("error", handlers.failed);
  // A server that listens on TCP has an AddressInfo.
  const { address, port } = server.address() as AddressInfo;
  return {
    config,
    address: { host: address, port },
    descriptor: descriptorOf(server),
    close: () => void server.close(),
  };
}

function start(server: Server, config: ListenerConfig, inherited: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(listenError(config, error));
    };
    const { host, port } = config;
    const address = inherited === undefined ? { host, port } : { fd: inherited };
    server.once("error", onError);
    server.listen(address, BACKLOG_CONNECTIONS_MAX, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

/** What is told when a listener's address cannot be listened on. */
export function listenError({ name }: ListenerConfig, error: NodeJS.ErrnoException): FairleadError {
  const advice = listenAdvice(error, "choose another with --listen");
  return new FairleadError("LISTEN_FAILED", `${name} cannot be listened on: ${advice}.`, error);
}

/**
 * Why an address cannot be listened on, and what to do; without a full stop.
 *
 * @param choice how another address is chosen
 */
export function listenAdvice({ code, message }: NodeJS.ErrnoException, choice: string): string {
  if (code === "EADDRINUSE") return `the address is in use; stop what listens there, or ${choice}`;
  if (code === "EACCES") return "permission denied; choose a port above 1023, or grant CAP_NET_BIND_SERVICE";
  if (code === "EADDRNOTAVAIL") return `this machine does not have that address; ${choice}, such as 0.0.0.0 for all`;
  if (code === "ENOTFOUND") return `no such host name is known here; ${choice}`;
  return `${message}; ${choice}`;
}
