import { forwardedResponseHeaders, responseHeadText } from "../http/index.ts";
import type { BodyScanner, ResponseHead } from "../http/index.ts";
import type { Milliseconds, Wheel, WheelEntry } from "../base/index.ts";
import { NOBODY } from "../wire/index.ts";
import type { Leg, LegListener } from "../wire/index.ts";

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
  private readonly backend: Leg;
  private readonly body: BodyScanner;
  private readonly wheel: Wheel;
  private readonly onOver: (cutBy: "client" | "backend" | undefined) => void;
  private isOver = false;

  /** @param onOver called once, with whoever ended it before the body was passed on as a whole */
  constructor(
    client: PendingClient,
    backend: Leg,
    response: ResponseHead,
    body: BodyScanner,
    wheel: Wheel,
    onOver: (cutBy: "client" | "backend" | undefined) => void,
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
      ...NOBODY,
      onDrain: () => this.backend.resume(),
      onClosed: () => this.clientClosed(),
    };
    this.wheel.add(this, BODY_SILENCE_MAX_MS);
    if (early !== undefined) this.onBytes(early);
    else if (this.body.done) this.end(undefined);
    if (!this.isOver) this.backend.resume();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.isOver) return;
    try {
      const belongs = this.body.push(bytes, 0, bytes.length);
      const flowing = this.client.leg.write(bytes.subarray(0, belongs));
      if (!flowing) this.backend.pause();
    } catch {
      this.end("backend");
      return;
    }
    if (this.body.done) this.end(undefined);
    else this.wheel.add(this, BODY_SILENCE_MAX_MS);
  }

  onEnd(): void {
    this.end(this.body.done || this.body.framing === "close" ? undefined : "backend");
  }

  onDrain(): void {}

  onClosed(): void {
    this.end("backend");
  }

  onDue(): number {
    this.end("backend");
    return 0;
  }

  private clientClosed(): void {
    this.client.onClosed();
    this.end("client");
  }

  private end(cutBy: "client" | "backend" | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    this.wheel.remove(this);
    this.backend.destroy();
    if (cutBy === undefined) this.client.finish();
    else this.client.leg.destroy();
    this.onOver(cutBy);
  }
}
