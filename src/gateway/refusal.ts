import { forwardedResponseHeaders, responseHeadText } from "../http/index.ts";
import type { BodyScanner, ResponseHead } from "../http/index.ts";
import type { Milliseconds, Wheel, WheelEntry } from "../base/index.ts";
import type { LegListener, SocketLeg } from "../relay/index.ts";

import type { PendingClient } from "./pending-client.ts";

/** Longest silence of a backend within the body of its refusal. */
const BODY_SILENCE_MAX_MS: Milliseconds = 10_000;

/**
 * Passes a backend's own refusal of a handshake (401, 403, 404 ...) on to the client: its head without hop-by-hop
 * headers, its body byte by byte in its own framing, up to its end.
 */
export class Refusal implements LegListener, WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelDue = 0;

  private readonly client: PendingClient;
  private readonly backend: SocketLeg;
  private readonly body: BodyScanner;
  private readonly wheel: Wheel;
  private readonly onOver: (complete: boolean) => void;
  private isOver = false;

  /** @param onOver called once, with whether the body was passed on as a whole */
  constructor(
    client: PendingClient,
    backend: SocketLeg,
    response: ResponseHead,
    body: BodyScanner,
    wheel: Wheel,
    onOver: (complete: boolean) => void,
  ) {
    this.client = client;
    this.backend = backend;
    this.wheel = wheel;
    this.onOver = onOver;
    this.body = body;
    const headers = [...forwardedResponseHeaders(response.headers, { rawBody: true }), "Connection", "close"];
    client.leg.write(Buffer.from(responseHeadText(response.status, response.reason, headers), "latin1"));
  }

  /** @param early what came behind the head */
  start(early: Uint8Array | undefined): void {
    this.backend.listener = this;
    this.client.leg.listener = {
      ...NOTHING,
      onDrain: () => this.backend.resume(),
      onClosed: () => this.clientClosed(),
    };
    this.wheel.add(this, BODY_SILENCE_MAX_MS);
    if (early !== undefined) this.onBytes(early);
    else if (this.body.done) this.end(true);
    if (!this.isOver) this.backend.resume();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.isOver) return;
    try {
      const belongs = this.body.push(bytes, 0, bytes.length);
      const flowing = this.client.leg.write(bytes.subarray(0, belongs));
      if (!flowing) this.backend.pause();
    } catch {
      this.end(false);
      return;
    }
    if (this.body.done) this.end(true);
    else this.wheel.add(this, BODY_SILENCE_MAX_MS);
  }

  onEnd(): void {
    this.end(this.body.done || this.body.framing === "close");
  }

  onDrain(): void {}

  onClosed(): void {
    this.end(false);
  }

  onDue(): number {
    this.end(false);
    return 0;
  }

  private clientClosed(): void {
    this.client.onClosed();
    this.end(false);
  }

  private end(complete: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.wheel.remove(this);
    this.backend.destroy();
    if (complete) this.client.finish();
    else this.client.leg.destroy();
    this.onOver(complete);
  }
}

const NOTHING: LegListener = { onBytes() {}, onEnd() {}, onDrain() {}, onClosed() {} };
