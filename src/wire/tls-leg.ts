/**
 * HOT PATH: one call per read and per write of every tunnel over TLS.
 */
import type { Bytes } from "../base/index.ts";

import { HandleLeg, requestOf } from "./handle-leg.ts";
import type { LegListener } from "./leg.ts";
import { addressOf, portOf } from "./tcp-leg.ts";
import type { StreamBinding, StreamHandle, StreamRequest, TcpHandle, TlsHandle } from "./stream-handle.ts";

/** A write of this size comes from a read that filled the buffer: more follows at once, and had better not be read yet. */
const BURST_BYTES_MIN: Bytes = 128 * 1024;

interface HandleWithTlsLeg extends StreamHandle {
  leg: TlsLeg;
}

/**
 * A leg over the handle of a TLS connection.
 *
 * The engine encrypts what it is given at once, so nobody's bytes are kept. But it takes one write at a time, and tells
 * at the end of the event loop's turn that it is over, even when the kernel has long taken everything.
 */
export class TlsLeg extends HandleLeg {
  private readonly tls: TlsHandle;
  private readonly tcp: TcpHandle;
  /** Those of our writes, in turn: there is never more than one under way, but while one is told to be over it is in use. */
  private request: StreamRequest;
  private nextRequest: StreamRequest;
  private writing = false;
  /** `write` gave false, and the drain has not been told. */
  private blocked = false;
  /** Copies of what came while the engine was writing. */
  private waiting: Uint8Array[] | undefined;
  /** Copies of what the engine still gave after a pause: it empties what it has read from the connection. */
  private held: Uint8Array[] | undefined;
  /** The end came behind what is held. */
  private endHeld = false;

  constructor(tls: TlsHandle, tcp: TcpHandle, listener: LegListener, binding: StreamBinding, buffer: Uint8Array) {
    super(tls, listener, binding);
    this.readInto(buffer);
    this.tls = tls;
    // An open connection is kept by libuv, and what is above it by this.
    this.tcp = Object.assign(tcp, { leg: this });
    this.request = requestOf(this, new binding.WriteWrap(), undefined);
    this.nextRequest = requestOf(this, new binding.WriteWrap(), undefined);
    tls.onerror = onError;
    tls.onhandshakestart = onHandshakeStart;
    tls.onhandshakedone = ignore;
    tls.onnewsession = ignore;
  }

  get remoteAddress(): string {
    return this.destroyed ? "" : addressOf(this.tcp);
  }

  get localPort(): number {
    return this.destroyed ? 0 : portOf(this.tcp);
  }

  get backlog(): Bytes {
    if (this.destroyed) return 0;
    let bytes = this.tcp.writeQueueSize;
    if (this.waiting !== undefined) for (const chunk of this.waiting) bytes += chunk.length;
    return bytes;
  }

  write(bytes: Uint8Array): boolean {
    if (this.destroyed || this.ending) return false;
    if (this.writing) (this.waiting ??= []).push(new Uint8Array(bytes));
    else if (this.encrypt(bytes)) return true;
    this.blocked = true;
    return false;
  }

  keepAlive(): void {
    if (!this.destroyed) this.tcp.setKeepAlive(true, 0);
  }

  override resume(): void {
    super.resume();
    if (this.held !== undefined || this.endHeld) queueMicrotask(() => this.release());
  }

  hasWritten(status: number): void {
    this.writing = false;
    if (this.destroyed) return;
    const { waiting } = this;
    if (status < 0) {
      this.fail(status);
    } else if (waiting !== undefined) {
      this.waiting = undefined;
      this.encrypt(Buffer.concat(waiting));
    } else {
      if (this.ending) super.shutDown();
      if (!this.blocked) return;
      this.blocked = false;
      this.listener.onDrain();
    }
  }

  hasFailed(error: Error): void {
    this.close(error);
  }

  protected override pass(bytes: Uint8Array): void {
    if (this.destroyed) return;
    if (this.reading && this.held === undefined) this.listener.onBytes(bytes);
    else (this.held ??= []).push(new Uint8Array(bytes));
  }

  protected override hasEnded(): void {
    if (this.destroyed) return;
    if (this.reading && this.held === undefined) super.hasEnded();
    else this.endHeld = true;
  }

  protected override shutDown(): void {
    if (!this.writing) super.shutDown();
  }

  protected override closeHandle(done: () => void): void {
    this.tcp.close(() => {
      this.tls.destroySSL();
      done();
    });
  }

  /** Whether all of it has left and more may follow at once. */
  private encrypt(bytes: Uint8Array): boolean {
    const { request } = this;
    this.request = this.nextRequest;
    this.nextRequest = request;
    const status = this.handle.writeBuffer(request, bytes);
    if (status !== 0) {
      this.fail(status);
      return false;
    }
    this.writing = true;
    return this.tcp.writeQueueSize === 0 && bytes.length < BURST_BYTES_MIN;
  }

  /** Passes on what was held, for as long as it is wanted. */
  private release(): void {
    while (this.reading && !this.destroyed) {
      const bytes = this.held?.shift();
      if (bytes === undefined) {
        this.held = undefined;
        if (this.endHeld) super.hasEnded();
        return;
      }
      this.listener.onBytes(bytes);
    }
  }
}

function onError(this: StreamHandle, error: Error): void {
  (this as HandleWithTlsLeg).leg.hasFailed(error);
}

/** The first handshake was over before there was a leg. A second one is refused; TLS 1.3 has none. */
function onHandshakeStart(this: StreamHandle): void {
  (this as HandleWithTlsLeg).leg.hasFailed(new Error("the peer began a second TLS handshake"));
}

function ignore(): void {}
