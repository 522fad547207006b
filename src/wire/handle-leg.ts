/**
 * HOT PATH: one call per read and per write of every tunnel.
 */
import type { Bytes } from "../base/index.ts";

import type { Leg, LegListener } from "./leg.ts";
import type { StreamBinding, StreamHandle, StreamRequest } from "./stream-handle.ts";
import { systemError } from "./system-error.ts";

/** What all legs of a worker read into: used up within the call, so one is enough. */
const READ_BUFFER_BYTES: Bytes = 256 * 1024;
/** libuv's number for the end of a stream. */
const END_OF_STREAM = -4095;
/** What a shutdown returns that could be done at once. */
const DONE_AT_ONCE = 1;

const NO_BYTES = new ArrayBuffer(0);

interface HandleWithLeg extends StreamHandle {
  leg: HandleLeg | undefined;
}

/** A request to write that was not over at once. */
interface LegRequest extends StreamRequest {
  leg: HandleLeg;
  /** Kept alive until they have left. */
  bytes: Uint8Array | undefined;
}

/**
 * A leg directly over the handle of a connection, without the stream machinery in between.
 *
 * At first each read brings memory of its own, so that the connection can still be given up. From `readInto` on it is a
 * buffer that any number of legs may share.
 */
export abstract class HandleLeg implements Leg {
  listener: LegListener;
  closed = false;

  protected readonly binding: StreamBinding;
  protected readonly handle: HandleWithLeg;
  protected reading = false;
  protected destroyed = false;
  /** Our direction is to be ended. */
  protected ending = false;
  /** We have ended our direction, and it has left. */
  private shut = false;
  /** The peer has ended its direction. */
  protected ended = false;
  private buffer: Uint8Array | undefined;

  /** @param handle one that nobody else uses any more; see `takeHandles` */
  constructor(handle: StreamHandle, listener: LegListener, binding: StreamBinding) {
    this.listener = listener;
    this.binding = binding;
    // From here on the handle carries its leg, so that shared handlers find it.
    this.handle = handle as HandleWithLeg;
    this.handle.leg = this;
    this.handle.onread = onRead;
  }

  abstract readonly backlog: Bytes;
  abstract readonly remoteAddress: string;
  abstract readonly localPort: number;
  abstract keepAlive(): void;

  /** Reads go into this from now on and for good; whoever gets bytes is done with them when the call returns. */
  readInto(buffer: Uint8Array): void {
    if (this.buffer !== undefined || this.destroyed) return;
    this.buffer = buffer;
    this.handle.useUserBuffer(buffer);
  }

  abstract write(bytes: Uint8Array): boolean;

  pause(): void {
    if (!this.reading || this.destroyed) return;
    this.reading = false;
    this.handle.readStop();
  }

  resume(): void {
    if (this.reading || this.destroyed || this.ended) return;
    this.reading = true;
    this.handle.readStart();
  }

  end(): void {
    if (this.ending || this.destroyed) return;
    this.ending = true;
    this.shutDown();
  }

  destroy(): void {
    this.close(undefined);
  }

  /** A read is over: bytes stand in our buffer or in one that came with it, or there is a reason why there are none. */
  hasRead(own: ArrayBuffer | undefined): void {
    const { streamState, READ_BYTES_OR_ERROR } = this.binding;
    const count = streamState[READ_BYTES_OR_ERROR] ?? 0;
    if (count > 0) this.pass(this.read(count, own));
    else if (count === END_OF_STREAM) this.hasEnded();
    else if (count < 0) this.fail(count);
  }

  /** A write of ours that was not over at once is over. */
  abstract hasWritten(status: number): void;

  /** Our FIN has left. */
  hasShut(status: number): void {
    if (this.destroyed) return;
    this.shut = true;
    if (status < 0) this.fail(status);
    else if (this.ended) this.close(undefined);
  }

  protected pass(bytes: Uint8Array): void {
    this.listener.onBytes(bytes);
  }

  protected hasEnded(): void {
    this.ended = true;
    this.reading = false;
    this.listener.onEnd();
    if (this.shut) this.close(undefined);
  }

  protected shutDown(): void {
    const request = new this.binding.ShutdownWrap() as LegRequest;
    request.leg = this;
    request.oncomplete = onShutdown;
    const status = this.handle.shutdown(request);
    if (status === DONE_AT_ONCE) this.hasShut(0);
    else if (status !== 0) this.fail(status);
  }

  protected fail(status: number, what = "the connection failed:"): void {
    this.close(systemError(what, status));
  }

  protected close(error: Error | undefined): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.closeHandle(() => {
      this.closed = true;
      this.listener.onClosed(error);
    });
  }

  protected closeHandle(done: () => void): void {
    this.handle.close(done);
  }

  private read(count: number, own: ArrayBuffer | undefined): Uint8Array {
    const { buffer, binding } = this;
    if (buffer === undefined)
      return new Uint8Array(own ?? NO_BYTES, binding.streamState[binding.ARRAY_BUFFER_OFFSET], count);
    return count === buffer.length ? buffer : buffer.subarray(0, count);
  }
}

/** A buffer that any number of legs may read into. */
export function newReadBuffer(): Uint8Array {
  return Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
}

/** A request that tells `leg` when it is over. */
export function requestOf(leg: HandleLeg, request: StreamRequest, bytes: Uint8Array | undefined): StreamRequest {
  return Object.assign(request, { leg, bytes, oncomplete: onWritten });
}

// Shared handlers: the leg is found from the handle or the request, so that a tunnel costs no closures.

function onRead(this: StreamHandle, own?: ArrayBuffer): void {
  (this as HandleWithLeg).leg?.hasRead(own);
}

function onWritten(this: StreamRequest, status: number): void {
  (this as LegRequest).leg.hasWritten(status);
}

function onShutdown(this: StreamRequest, status: number): void {
  (this as LegRequest).leg.hasShut(status);
}
