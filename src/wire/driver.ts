import { lookup } from "node:dns/promises";
import { connect, isIP, Socket } from "node:net";
import type { Server } from "node:net";

import type { ConnectListener, Leg, LegListener } from "./leg.ts";
import {
  acceptAt,
  acceptHandles,
  adoptDescriptor,
  bindAddress,
  findStreamBinding,
  makeSocket,
  takeHandles,
} from "./stream-handle.ts";
import type { BoundHandle, ServerHandle, TcpHandle } from "./stream-handle.ts";
import { systemError } from "./system-error.ts";
import { connectTcp, SharedByLegs, TcpLeg } from "./tcp-leg.ts";
import { TlsLeg } from "./tls-leg.ts";
import { StreamLeg } from "./stream-leg.ts";

/**
 * How connections are driven: `stream` by Node's public streams, `handle` directly by what lies beneath them, `auto` by
 * the handle where this Node has it. A TLS handshake is always driven by streams.
 */
export type SocketDriver = "auto" | "stream" | "handle";

/** A connection that came in and that nobody has read from yet. It can be sent to another process. */
export type Accepted = Socket | TcpHandle;

/** An address that is bound, and that every process can accept at that it is sent to. */
export interface Bound {
  /** To be sent; opaque to everybody else. */
  readonly handle: ServerHandle;
  readonly host: string;
  readonly port: number;
  /** The file descriptor, for a process that is to accept there as well. */
  readonly descriptor: number;
  /** Lets go of it. Who it was sent to keeps it. */
  close(): void;
}

/** Accepting at an address that was bound. */
export interface Accepting {
  /** Accepts nothing more; what waits is left to whoever accepts next. */
  stop(): void;
}

/** How the connections of one process are accepted, opened, read and written. */
export interface LegDriver {
  readonly name: "stream" | "handle";
  /** From now on gives what a server that listens accepts. */
  accept(server: Server, onAccepted: (accepted: Accepted) => void): void;
  /**
   * Binds an address for others to accept at. Absent where processes cannot hand over what was bound.
   *
   * @param host an address or a name
   * @throws an Error with the system's code
   */
  bind?(host: string, port: number): Promise<Bound>;
  /**
   * Takes over a descriptor that another process has bound. Absent where {@link bind} is.
   *
   * @throws an Error with the system's code
   */
  adopt?(descriptor: number): Bound;
  /**
   * Accepts at an address that this process was sent.
   *
   * @throws an Error with the system's code
   */
  acceptAt(
    handle: ServerHandle,
    backlog: number,
    onAccepted: (accepted: Accepted) => void,
    onFailed: (error: Error) => void,
  ): Accepting;
  /** A leg over a connection that came in. It rests. As long as it is not driven, bytes that it reads stay as they are. */
  receive(accepted: Accepted, listener: LegListener): Leg;
  /** A leg over a connection that is being opened. */
  connect(hostname: string, port: number, listener: ConnectListener): Leg;
  /** The same connection with the same listener, as fast as it can be driven. The leg given is not used any more. */
  drive(leg: Leg): Leg;
}

/** Ends a connection that nobody will take. */
export function discard(accepted: Accepted): void {
  if (accepted instanceof Socket) accepted.destroy();
  else accepted.close(() => {});
}

/** A socket over a connection that came in, for what needs one. It rests. */
export function socketOf(accepted: Accepted): Socket {
  return accepted instanceof Socket ? accepted : makeSocket(accepted);
}

/**
 * Gives a connection up to what needs a socket. The leg, which must not have been driven, is not used any more.
 *
 * @param unread what has been read from it, to be read again
 */
export function giveUp(leg: Leg, unread: Uint8Array | undefined): Socket {
  const socket = leg instanceof TcpLeg ? makeSocket(leg.release()) : detached(leg);
  if (unread !== undefined) socket.unshift(unread);
  return socket;
}

function detached(leg: Leg): Socket {
  if (!(leg instanceof StreamLeg)) throw new TypeError("only a leg over a connection of this room can be given up");
  leg.pause();
  leg.detach();
  return leg.socket;
}

/**
 * Makes the driver of one process.
 *
 * @param load gives Node's internal bindings by name (`process.binding`); may throw
 * @returns the public driver where the other one was not asked for, or cannot be had
 */
export function createDriver(wanted: SocketDriver, load: (name: string) => unknown): LegDriver {
  const binding = wanted === "stream" ? undefined : findStreamBinding(load);
  if (binding === undefined) return STREAM_DRIVER;
  const shared = new SharedByLegs(binding);
  return {
    name: "handle",
    accept(server, onAccepted) {
      if (!acceptHandles(server, binding, onAccepted)) server.on("connection", onAccepted);
    },
    async bind(host, port) {
      const { address } = await lookup(host);
      return boundAt(bindAddress(binding, address, port), "bind");
    },
    adopt: (descriptor) => boundAt(adoptDescriptor(binding, descriptor), "open"),
    acceptAt(handle, backlog, onAccepted, onFailed) {
      const failed = (status: number): void => onFailed(systemError("accept", status));
      const status = acceptAt(binding, handle, backlog, onAccepted, failed);
      if (status === 0) return { stop: () => handle.close() };
      handle.close();
      throw systemError("listen", status);
    },
    receive(accepted, listener) {
      const handle = accepted instanceof Socket ? takeHandles(accepted, binding)?.tcp : accepted;
      if (handle === undefined) return STREAM_DRIVER.receive(accepted, listener);
      if (accepted instanceof Socket) accepted.destroy();
      return new TcpLeg(handle, listener, shared);
    },
    connect: (hostname, port, listener) =>
      isIP(hostname) === 0
        ? STREAM_DRIVER.connect(hostname, port, listener)
        : connectTcp(hostname, port, listener, shared),
    drive(leg) {
      const driven = leg instanceof StreamLeg ? fromStream(leg, shared) : leg;
      if (driven instanceof TcpLeg) driven.share();
      return driven;
    },
  };
}

function boundAt(bound: BoundHandle | number, call: string): Bound {
  if (typeof bound === "number") throw systemError(call, bound);
  const { handle, address, port } = bound;
  return { handle, host: address, port, descriptor: handle.fd, close: () => handle.close() };
}

function fromStream(leg: StreamLeg, shared: SharedByLegs): Leg {
  const taken = takeHandles(leg.socket, shared.binding);
  if (taken === undefined) {
    // The other leg may well be driven by its handle, and lends what it has read for the duration of a call only.
    leg.copies = true;
    return leg;
  }
  leg.detach();
  leg.socket.destroy();
  const { tcp, tls } = taken;
  if (tls === undefined) return new TcpLeg(tcp, leg.listener, shared);
  return new TlsLeg(tls, tcp, leg.listener, shared.binding, shared.buffer);
}

const STREAM_DRIVER: LegDriver = {
  name: "stream",
  accept: (server, onAccepted) => void server.on("connection", onAccepted),
  acceptAt() {
    throw new TypeError("streams cannot accept at an address that another process has bound");
  },
  receive: (accepted, listener) => new StreamLeg(socketOf(accepted), listener),
  connect(host, port, listener) {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    socket.once("connect", () => listener.onConnected());
    return new StreamLeg(socket, listener);
  },
  drive: (leg) => leg,
};
