/**
 * HOT PATH: one call per write of every tunnel.
 */
import { writeSync } from "node:fs";

import type { Bytes } from "../base/index.ts";

import { HandleLeg, newReadBuffer, requestOf } from "./handle-leg.ts";
import type { LegListener } from "./leg.ts";
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

/** A leg over the handle of a plain TCP connection. */
export class TcpLeg extends HandleLeg {
  private readonly shared: SharedByLegs;
  private readonly fd: number;
  /** Our writes that are queued. */
  private queued = 0;

  constructor(handle: TcpHandle, listener: LegListener, shared: SharedByLegs) {
    super(handle, listener, shared.binding, shared.buffer);
    this.shared = shared;
    this.fd = handle.fd;
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
