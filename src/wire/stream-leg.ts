/**
 * HOT PATH: one call per read and per write of every tunnel.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

import type { Leg, LegListener } from "./leg.ts";

const LEG = Symbol("leg");

interface LegSocket extends Socket {
  [LEG]?: StreamLeg;
}

/** The part of a socket's handle that tells how much the kernel has not taken yet. Absent on TLS sockets. */
interface QueueHandle {
  readonly writeQueueSize?: number;
}

/** A leg over a TCP or TLS socket of Node. */
export class StreamLeg implements Leg {
  listener: LegListener;
  closed: boolean;
  readonly socket: Socket;
  /** What is written may be overwritten when the call returns: it is copied. */
  copies = false;
  private error: Error | undefined;

  /** Takes the socket over: from now on all its events go to `listener`. Reading begins with `resume`. */
  constructor(socket: Socket, listener: LegListener) {
    this.socket = socket;
    this.listener = listener;
    this.closed = socket.closed;
    (socket as LegSocket)[LEG] = this;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    if (socket instanceof TLSSocket) socket.disableRenegotiation();
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("drain", onDrain);
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.pause();
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? "";
  }

  get localPort(): number {
    return this.socket.localPort ?? 0;
  }

  get backlog(): number {
    // The handle is not part of Node's types; where it is absent the stream's own queue has to do.
    const { _handle: handle } = this.socket as unknown as { _handle?: QueueHandle | null };
    return this.socket.writableLength + (handle?.writeQueueSize ?? 0);
  }

  write(bytes: Uint8Array): boolean {
    return this.socket.write(this.copies ? new Uint8Array(bytes) : bytes);
  }

  keepAlive(): void {
    this.socket.setKeepAlive(true);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Lets go of the socket: its events reach nobody any more. */
  detach(): void {
    const { socket } = this;
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("drain", onDrain);
    socket.off("error", onError);
    socket.off("close", onClose);
  }

  /** Not every error of a TLS socket ends it. */
  noteError(error: Error): void {
    this.error ??= error;
    this.socket.destroy();
  }

  noteClosed(): void {
    this.closed = true;
    this.listener.onClosed(this.error);
  }
}

// Shared handlers: the leg is found from the socket, so that a tunnel costs no closures.

function legOf(socket: Socket): StreamLeg {
  return (socket as LegSocket)[LEG] as StreamLeg;
}

function onData(this: Socket, bytes: Uint8Array): void {
  legOf(this).listener.onBytes(bytes);
}

function onEnd(this: Socket): void {
  legOf(this).listener.onEnd();
}

function onDrain(this: Socket): void {
  legOf(this).listener.onDrain();
}

function onError(this: Socket, error: Error): void {
  legOf(this).noteError(error);
}

function onClose(this: Socket): void {
  legOf(this).noteClosed();
}
