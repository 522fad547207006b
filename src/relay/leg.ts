/**
 * HOT PATH: one call per read and per write of every tunnel.
 */
import type { Socket } from "node:net";

/** What the owner of a leg is told. One owner at a time; a leg passes from the handshake to the tunnel. */
export interface LegListener {
  /** Bytes came. They are lent for the duration of the call, unless they are passed to another leg's `write`. */
  onBytes(bytes: Uint8Array): void;
  /** The peer has sent everything it will send (FIN). */
  onEnd(): void;
  /** After `write` gave false: the backlog is gone. */
  onDrain(): void;
  /** The connection is gone, in both directions. Comes exactly once, and last. */
  onClosed(error: Error | undefined): void;
}

/** One side of a tunnel: a TCP or TLS connection, or whatever else can carry bytes in order. */
export interface Leg {
  /** Who is told; may be exchanged at any time. */
  listener: LegListener;
  /** True once `onClosed` was called. */
  readonly closed: boolean;
  /** Bytes that were written but have not left yet. */
  readonly backlog: number;
  /** Writes behind what was written before. False: there is a backlog, write no more until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  pause(): void;
  resume(): void;
  /** Ends our direction (FIN) once everything written has left. */
  end(): void;
  /** Ends the connection at once, dropping what has not left. */
  destroy(): void;
}

const LEG = Symbol("leg");

interface LegSocket extends Socket {
  [LEG]?: SocketLeg;
}

/** The part of a socket's handle that tells how much the kernel has not taken yet. Absent on TLS sockets. */
interface QueueHandle {
  readonly writeQueueSize?: number;
}

/** A leg over a TCP or TLS socket of Node. */
export class SocketLeg implements Leg {
  listener: LegListener;
  closed = false;
  readonly socket: Socket;
  private error: Error | undefined;

  /** Takes the socket over: from now on all its events go to `listener`. Reading begins with `resume`. */
  constructor(socket: Socket, listener: LegListener) {
    this.socket = socket;
    this.listener = listener;
    (socket as LegSocket)[LEG] = this;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("drain", onDrain);
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.pause();
  }

  get backlog(): number {
    // The handle is not part of Node's types; where it is absent the stream's own queue has to do.
    const { _handle: handle } = this.socket as unknown as { _handle?: QueueHandle | null };
    return this.socket.writableLength + (handle?.writeQueueSize ?? 0);
  }

  write(bytes: Uint8Array): boolean {
    return this.socket.write(bytes);
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

  noteError(error: Error): void {
    this.error ??= error;
  }

  noteClosed(): void {
    this.closed = true;
    this.listener.onClosed(this.error);
  }
}

// Shared handlers: the leg is found from the socket, so that a tunnel costs no closures.

function legOf(socket: Socket): SocketLeg {
  return (socket as LegSocket)[LEG] as SocketLeg;
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
