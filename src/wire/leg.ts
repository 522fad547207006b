/** What the owner of a leg is told. One owner at a time; a leg passes from the handshake to the tunnel. */
export interface LegListener {
  /**
   * Bytes came. They are lent for the duration of the call: who needs them longer copies them. What is passed on to
   * another leg's `write` is seen to by that leg.
   */
  onBytes(bytes: Uint8Array): void;
  /** The peer has sent everything it will send (FIN). */
  onEnd(): void;
  /** After `write` gave false: the backlog is gone. */
  onDrain(): void;
  /** The connection is gone, in both directions. Comes exactly once, and last. */
  onClosed(error: Error | undefined): void;
}

/** Listens to nothing: for a leg that is about to get its listener, or that nobody cares for any more. */
export const NOBODY: LegListener = { onBytes() {}, onEnd() {}, onDrain() {}, onClosed() {} };

/** Whoever has a connection opened is also told when it stands, before anything else. */
export interface ConnectListener extends LegListener {
  onConnected(): void;
}

/** One side of a tunnel: a TCP or TLS connection, or whatever else can carry bytes in order. */
export interface Leg {
  /** Who is told; may be exchanged at any time. */
  listener: LegListener;
  /** True once `onClosed` was called. */
  readonly closed: boolean;
  /** The address of the other end; empty when it is gone. */
  readonly remoteAddress: string;
  /** The port at our end; 0 when the connection is gone. */
  readonly localPort: number;
  /** Bytes that were written but have not left yet. */
  readonly backlog: number;
  /** Writes behind what was written before. False: there is a backlog, write no more until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** Has the system ask, at its own pace, whether the other end is still there (TCP keepalive). */
  keepAlive(): void;
  pause(): void;
  resume(): void;
  /** Ends our direction (FIN) once everything written has left. */
  end(): void;
  /** Ends the connection at once, dropping what has not left. */
  destroy(): void;
}
