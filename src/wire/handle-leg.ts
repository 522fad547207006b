/**
 * HOT PATH: one call per read and per write of every tunnel.
 */
import type { Bytes } from "../base/index.ts";

import type { ConnectListener, Leg, LegListener } from "./leg.ts";
import { openConnection } from "./stream-handle.ts";
import type { StreamBinding, StreamHandle, StreamRequest, TcpHandle } from "./stream-handle.ts";
import { systemError } from "./system-error.ts";

/** What all legs of a worker read into: used up within the call, so one is enough. */
const READ_BUFFER_BYTES: Bytes = 256 * 1024;
/** Reads without a backlog after which a leg gives the buffer up that it has kept for itself. */
const CALM_READS_MAX = 256;
/** libuv's number for the end of a stream. */
const END_OF_STREAM = -4095;
/** What a shutdown returns that could be done at once. */
const DONE_AT_ONCE = 1;

interface HandleWithLeg extends TcpHandle {
  leg: HandleLeg | undefined;
}

interface QueuedWrite extends StreamRequest {
  leg: HandleLeg;
  /** Kept alive until they have left. */
  bytes: Uint8Array | undefined;
  /** The leg whose read brought them; they stand in its buffer. */
  lender: HandleLeg | undefined;
}

interface ConnectRequest extends StreamRequest {
  leg: HandleLeg;
}

/** What the legs of one worker share. */
export class HandleLegs {
  readonly binding: StreamBinding;
  /** What every leg reads into that has no buffer of its own. */
  buffer: Uint8Array = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  /** The leg whose read is being dealt with. */
  reader: HandleLeg | undefined;
  /** A request that no write has needed yet: most writes are done at once and leave theirs as it was. */
  private spare: QueuedWrite;
  private readonly sharing = new Set<HandleLeg>();

  constructor(binding: StreamBinding) {
    this.binding = binding;
    this.spare = this.newRequest();
  }

  /** A request for a write. It is the same one until it is `used`. */
  get request(): QueuedWrite {
    return this.spare;
  }

  /** The request belongs to a write that was queued. */
  used(): void {
    this.spare = this.newRequest();
  }

  share(leg: HandleLeg): void {
    this.sharing.add(leg);
    leg.readInto(this.buffer);
  }

  forget(leg: HandleLeg): void {
    this.sharing.delete(leg);
  }

  /**
   * Bytes of `leg`'s read wait to be written. If they stand in the shared buffer it keeps that one for itself, and all
   * others get a new one. That is a walk over all legs, but a leg goes through it once in a while only.
   */
  keepBuffer(leg: HandleLeg): void {
    if (!this.sharing.delete(leg)) return;
    this.buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    for (const other of this.sharing) other.readInto(this.buffer);
  }

  private newRequest(): QueuedWrite {
    // The binding's requests are plain objects to which anything can be attached.
    return new this.binding.WriteWrap() as QueuedWrite;
  }
}

/**
 * A leg directly over the handle of a TCP connection, without the stream machinery in between.
 *
 * At first each read brings memory of its own, so that the connection can still be given back. From `share` on all legs
 * of a worker read into the same memory.
 */
export class HandleLeg implements Leg {
  listener: LegListener;
  closed = false;

  private readonly shared: HandleLegs;
  /** Undefined as long as each read brings its own memory. */
  private buffer: Uint8Array | undefined;
  private readonly handle: HandleWithLeg;
  private reading = false;
  private destroyed = false;
  /** We have ended our direction, and it has left. */
  private shut = false;
  private ending = false;
  /** The peer has ended its direction. */
  private ended = false;
  /** Our writes that are queued. */
  private queued = 0;
  /** Queued writes of another leg whose bytes stand in our buffer. */
  private lent = 0;
  /** Whether our buffer is ours alone; and how many reads have come since bytes of it had to wait. */
  private keeps = false;
  private calmReads = 0;

  /** @param handle one that nobody else uses any more; see `takeHandle` */
  constructor(handle: TcpHandle, listener: LegListener, shared: HandleLegs) {
    this.listener = listener;
    this.shared = shared;
    // From here on the handle carries its leg, so that shared handlers find it.
    this.handle = handle as HandleWithLeg;
    this.handle.leg = this;
    this.handle.onread = onRead;
  }

  get remoteAddress(): string {
    const name: { address?: string } = {};
    return !this.destroyed && this.handle.getpeername(name) === 0 ? (name.address ?? "") : "";
  }

  get localPort(): number {
    const name: { port?: number } = {};
    return !this.destroyed && this.handle.getsockname(name) === 0 ? (name.port ?? 0) : 0;
  }

  keepAlive(): void {
    if (!this.destroyed) this.handle.setKeepAlive(true, 0);
  }

  /** Reads into the memory that all legs share, from now on and for good. */
  share(): void {
    if (this.buffer === undefined && !this.destroyed) this.shared.share(this);
  }

  /** Gives the connection back, as long as it does not share its memory. The leg is not used any more. */
  release(): TcpHandle {
    this.pause();
    this.destroyed = true;
    this.handle.leg = undefined;
    return this.handle;
  }

  get backlog(): Bytes {
    return this.destroyed ? 0 : this.handle.writeQueueSize;
  }

  write(bytes: Uint8Array): boolean {
    if (this.destroyed) return false;
    const { binding, request } = this.shared;
    const status = this.handle.writeBuffer(request, bytes);
    if (status !== 0) {
      this.fail(status);
      return false;
    }
    if (binding.streamState[binding.LAST_WRITE_WAS_ASYNC] === 0) return true;
    this.enqueue(request, bytes);
    return false;
  }

  pause(): void {
    if (!this.reading || this.destroyed) return;
    this.reading = false;
    this.handle.readStop();
  }

  resume(): void {
    if (this.reading || this.destroyed || this.ended) return;
    // What was read last may still wait to be written: it must not be read over.
    if (this.lent > 0) this.shareBuffer();
    this.reading = true;
    this.handle.readStart();
  }

  end(): void {
    if (this.ending || this.destroyed) return;
    this.ending = true;
    if (this.ended && this.queued === 0) {
      // Both directions are over: closing sends the FIN as well.
      this.close(undefined);
      return;
    }
    const request = new this.shared.binding.ShutdownWrap() as QueuedWrite;
    request.leg = this;
    request.oncomplete = onShutdown;
    const status = this.handle.shutdown(request);
    if (status === DONE_AT_ONCE) this.hasShut(0);
    else if (status !== 0) this.fail(status);
  }

  destroy(): void {
    this.close(undefined);
  }

  /** Where reads put their bytes from now on. */
  readInto(buffer: Uint8Array): void {
    this.buffer = buffer;
    this.handle.useUserBuffer(buffer);
  }

  /** A read is over: bytes stand in our buffer or in one that came with it, or there is a reason why there are none. */
  hasRead(own: ArrayBuffer | undefined): void {
    const { streamState, READ_BYTES_OR_ERROR } = this.shared.binding;
    const count = streamState[READ_BYTES_OR_ERROR] ?? 0;
    if (count > 0) this.pass(count, own);
    else if (count === END_OF_STREAM) this.hasEnded();
    else if (count < 0) this.fail(count);
  }

  /** A queued write of ours is over. */
  hasWritten(status: number): void {
    this.queued -= 1;
    if (this.destroyed) return;
    if (status < 0) this.fail(status);
    else if (this.queued === 0) this.listener.onDrain();
  }

  /** The connection stands, or could not be opened. */
  hasConnected(status: number): void {
    if (this.destroyed) return;
    if (status < 0) {
      this.fail(status, "connect");
      return;
    }
    // Who has a connection opened listens as such until it stands.
    (this.listener as ConnectListener).onConnected();
  }

  /** Our FIN has left. */
  hasShut(status: number): void {
    if (this.destroyed) return;
    this.shut = true;
    if (status < 0) this.fail(status);
    else if (this.ended) this.close(undefined);
  }

  /** A write whose bytes stood in our buffer is over. */
  returned(): void {
    this.lent -= 1;
  }

  private pass(count: number, own: ArrayBuffer | undefined): void {
    const { shared, buffer } = this;
    if (buffer === undefined) {
      this.passOwn(count, own);
      return;
    }
    if (this.keeps) this.growCalm();
    shared.reader = this;
    this.listener.onBytes(count === buffer.length ? buffer : buffer.subarray(0, count));
    shared.reader = undefined;
  }

  private passOwn(count: number, own: ArrayBuffer | undefined): void {
    const { streamState, ARRAY_BUFFER_OFFSET } = this.shared.binding;
    if (own !== undefined) this.listener.onBytes(new Uint8Array(own, streamState[ARRAY_BUFFER_OFFSET], count));
  }

  /** A leg whose bytes have long not had to wait shares a buffer again. */
  private growCalm(): void {
    this.calmReads += 1;
    if (this.calmReads > CALM_READS_MAX && this.lent === 0) this.shareBuffer();
  }

  private shareBuffer(): void {
    this.keeps = false;
    this.shared.share(this);
  }

  private enqueue(request: QueuedWrite, bytes: Uint8Array): void {
    const { shared } = this;
    shared.used();
    this.queued += 1;
    request.leg = this;
    request.bytes = bytes;
    request.oncomplete = onWritten;
    const lender = shared.reader;
    if (lender === undefined || bytes.buffer !== lender.buffer?.buffer) return;
    request.lender = lender;
    lender.lend();
  }

  private lend(): void {
    this.lent += 1;
    this.calmReads = 0;
    this.keeps = true;
    this.shared.keepBuffer(this);
  }

  private hasEnded(): void {
    this.ended = true;
    this.reading = false;
    this.listener.onEnd();
    if (this.shut) this.close(undefined);
  }

  private fail(status: number, what = "the connection failed:"): void {
    this.close(systemError(what, status));
  }

  private close(error: Error | undefined): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.shared.forget(this);
    this.handle.close(() => {
      this.closed = true;
      this.listener.onClosed(error);
    });
  }
}

/**
 * Opens a connection. `listener` hears when it stands, or of its end.
 *
 * @param address an IP address
 */
export function connectHandle(address: string, port: number, listener: ConnectListener, shared: HandleLegs): HandleLeg {
  const request = new shared.binding.ConnectWrap() as ConnectRequest;
  request.oncomplete = onConnected;
  const { handle, status } = openConnection(shared.binding, address, port, request);
  const leg = new HandleLeg(handle, listener, shared);
  leg.share();
  request.leg = leg;
  // What fails at once is told later all the same: whoever called does not have the leg yet.
  if (status !== 0) setImmediate(() => leg.hasConnected(status));
  return leg;
}

// Shared handlers: the leg is found from the handle or the request, so that a tunnel costs no closures.

function onRead(this: StreamHandle, own?: ArrayBuffer): void {
  (this as HandleWithLeg).leg?.hasRead(own);
}

function onConnected(this: StreamRequest, status: number): void {
  (this as ConnectRequest).leg.hasConnected(status);
}

function onWritten(this: StreamRequest, status: number): void {
  const { leg, lender } = this as QueuedWrite;
  lender?.returned();
  leg.hasWritten(status);
}

function onShutdown(this: StreamRequest, status: number): void {
  (this as QueuedWrite).leg.hasShut(status);
}
