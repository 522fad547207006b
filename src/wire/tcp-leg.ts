/**
 * HOT PATH: one call per write of every tunnel.
 */
import { writeSync } from "node:fs";

import type { Bytes } from "../base/index.ts";

import { HandleLeg, newReadBuffer, requestOf } from "./handle-leg.ts";
import type { ConnectListener, LegListener } from "./leg.ts";
import { openConnection } from "./stream-handle.ts";
import type { StreamBinding, StreamRequest, TcpHandle } from "./stream-handle.ts";

/** What is written is copied up to this size: dearer than a copy is what comes with writing to the descriptor. */
const SMALL_WRITE_BYTES_MAX: Bytes = 4 * 1024;

/**
 * What the legs of one worker share.
 *
 * All read into one buffer. So what is written may be read over as soon as `write` returns, and whatever the kernel does
 * not take is kept elsewhere: small writes are made from a copy, and of large ones the rest is copied.
 */
export class SharedByLegs {
  readonly binding: StreamBinding;
  readonly buffer: Uint8Array = newReadBuffer();
  /** Where small writes are made from. */
  small: Uint8Array = new Uint8Array(SMALL_WRITE_BYTES_MAX);
  /** A request that no write has needed yet: most writes are done at once and leave theirs as it was. */
  request: StreamRequest;

  constructor(binding: StreamBinding) {
    this.binding = binding;
    this.request = new binding.WriteWrap();
  }

  /** The small write's bytes wait: they stay where they are. */
  giveSmall(): void {
    this.small = new Uint8Array(SMALL_WRITE_BYTES_MAX);
  }

  takeRequest(): StreamRequest {
    const { request } = this;
    this.request = new this.binding.WriteWrap();
    return request;
  }
}

interface ConnectRequest extends StreamRequest {
  leg: TcpLeg;
}

/** A leg over the handle of a plain TCP connection. */
export class TcpLeg extends HandleLeg {
  private readonly shared: SharedByLegs;
  private readonly tcp: TcpHandle;
  private fd: number;
  /** Our writes that are queued. */
  private queued = 0;

  constructor(handle: TcpHandle, listener: LegListener, shared: SharedByLegs) {
    super(handle, listener, shared.binding);
    this.shared = shared;
    this.tcp = handle;
    this.fd = handle.fd;
  }

  get remoteAddress(): string {
    return this.destroyed ? "" : addressOf(this.tcp);
  }

  get localPort(): number {
    return this.destroyed ? 0 : portOf(this.tcp);
  }

  keepAlive(): void {
    if (!this.destroyed) this.tcp.setKeepAlive(true, 0);
  }

  /** Reads into the buffer of all legs, from now on and for good. */
  share(): void {
    this.readInto(this.shared.buffer);
  }

  /** Gives the connection up, as long as it does not share the buffer. The leg is not used any more. */
  release(): TcpHandle {
    this.pause();
    this.destroyed = true;
    this.handle.leg = undefined;
    return this.tcp;
  }

  /** The connection stands, or could not be opened. */
  hasConnected(status: number): void {
    if (this.destroyed) return;
    if (status < 0) {
      this.fail(status, "connect");
      return;
    }
    this.fd = this.tcp.fd;
    // Who has a connection opened listens as such until it stands.
    (this.listener as ConnectListener).onConnected();
  }

  get backlog(): Bytes {
    return this.destroyed ? 0 : this.handle.writeQueueSize;
  }

  write(bytes: Uint8Array): boolean {
    if (this.destroyed || this.ending) return false;
    if (this.queued > 0) return this.hand(new Uint8Array(bytes));
    return bytes.length <= SMALL_WRITE_BYTES_MAX ? this.writeSmall(bytes) : this.writeLarge(bytes);
  }

  hasWritten(status: number): void {
    this.queued -= 1;
    if (this.destroyed) return;
    if (status < 0) this.fail(status);
    else if (this.queued === 0) this.listener.onDrain();
  }

  protected override shutDown(): void {
    // Where the other direction has ended already, closing sends the FIN as well.
    if (this.ended && this.queued === 0) this.close(undefined);
    else super.shutDown();
  }

  private writeSmall(bytes: Uint8Array): boolean {
    const { shared } = this;
    shared.small.set(bytes);
    const done = this.hand(shared.small.subarray(0, bytes.length));
    if (!done) shared.giveSmall();
    return done;
  }

  private writeLarge(bytes: Uint8Array): boolean {
    const count = this.writeNow(bytes);
    if (count === bytes.length) return true;
    if (this.destroyed) return false;
    return this.hand(new Uint8Array(bytes.subarray(count)));
  }

  /** What the kernel takes at once. */
  private writeNow(bytes: Uint8Array): Bytes {
    try {
      return writeSync(this.fd, bytes);
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "EAGAIN") this.close(error as Error);
      return 0;
    }
  }

  /** Hands bytes of our own to the handle. */
  private hand(bytes: Uint8Array): boolean {
    const { shared, binding } = this;
    const status = this.handle.writeBuffer(shared.request, bytes);
    if (status !== 0) {
      this.fail(status);
      return false;
    }
    if (binding.streamState[binding.LAST_WRITE_WAS_ASYNC] === 0) return true;
    this.queued += 1;
    requestOf(this, shared.takeRequest(), bytes);
    return false;
  }
}

/**
 * Opens a connection. `listener` hears when it stands, or of its end.
 *
 * @param address an IP address
 */
export function connectTcp(address: string, port: number, listener: ConnectListener, shared: SharedByLegs): TcpLeg {
  const request = new shared.binding.ConnectWrap() as ConnectRequest;
  request.oncomplete = onConnected;
  const { handle, status } = openConnection(shared.binding, address, port, request);
  const leg = new TcpLeg(handle, listener, shared);
  leg.share();
  request.leg = leg;
  // What fails at once is told later all the same: whoever called does not have the leg yet.
  if (status !== 0) setImmediate(() => leg.hasConnected(status));
  return leg;
}

/** The address of a connection's other end; empty when it is gone. */
export function addressOf(handle: TcpHandle): string {
  const name: { address?: string } = {};
  return handle.getpeername(name) === 0 ? (name.address ?? "") : "";
}

/** The port at our end of a connection; 0 when it is gone. */
export function portOf(handle: TcpHandle): number {
  const name: { port?: number } = {};
  return handle.getsockname(name) === 0 ? (name.port ?? 0) : 0;
}

function onConnected(this: StreamRequest, status: number): void {
  (this as ConnectRequest).leg.hasConnected(status);
}
