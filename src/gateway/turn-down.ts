import type { Milliseconds, Wheel, WheelEntry } from "../base/index.ts";
import { responseHeadText } from "../http/index.ts";
import type { LegListener } from "../wire/index.ts";
import { acceptValue, CloseCode, closeFrame, FrameTracker, newFrameSizes, Opcode, Scan } from "../websocket/index.ts";
import type { UpgradeRequest } from "../websocket/index.ts";

import type { PendingClient } from "./pending-client.ts";

/** What the Close says: pages see it, and no status. */
const REASON = "try again later";

/**
 * Opens a WebSocket only to close it: 101, and at once a Close 1013. Browsers tell pages nothing of a status, and pages
 * could not know from it whether to come back.
 *
 * The client's own Close is waited for, and the connection ended behind it.
 */
export class TurnDown implements LegListener, WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelDue = 0;

  private readonly client: PendingClient;
  private readonly wheel: Wheel;
  private readonly tracker = new FrameTracker({
    masked: true,
    deflate: false,
    foreignExtensions: false,
    messageBytesMax: Number.POSITIVE_INFINITY,
    enforce: true,
    sizes: newFrameSizes(),
  });
  private isOver = false;

  constructor(client: PendingClient, wheel: Wheel) {
    this.client = client;
    this.wheel = wheel;
  }

  /** @param closeTimeout how long the client's Close is waited for */
  start(upgrade: UpgradeRequest, closeTimeout: Milliseconds): void {
    const { client, wheel } = this;
    const early = client.takeEarly();
    client.leg.listener = this;
    client.leg.write(
      Buffer.concat([
        Buffer.from(switchingHead(upgrade), "latin1"),
        closeFrame(CloseCode.tryAgainLater, REASON, undefined),
      ]),
    );
    wheel.add(this, closeTimeout);
    if (early !== undefined) this.onBytes(early);
    if (!this.isOver) client.leg.resume();
  }

  /** What the client says before its Close is for nobody. */
  onBytes(bytes: Uint8Array): void {
    let at = 0;
    for (;;) {
      const found = this.tracker.scan(bytes, at);
      at = this.tracker.at;
      const isClose = found === Scan.control && this.tracker.controlOpcode === Opcode.close;
      if (isClose || found === Scan.violation) this.over();
      if (this.isOver || found === Scan.done) return;
    }
  }

  onEnd(): void {
    this.over();
  }

  onDrain(): void {}

  onClosed(): void {
    this.isOver = true;
    this.wheel.remove(this);
    this.client.onClosed();
  }

  onDue(): number {
    this.over();
    return 0;
  }

  private over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.wheel.remove(this);
    this.client.finish();
  }
}

/** Chromium fails a handshake whose subprotocols are not answered; the client likes its first one best. */
function switchingHead({ key, protocols }: UpgradeRequest): string {
  const headers = ["Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Accept", acceptValue(key)];
  const [protocol] = protocols;
  if (protocol !== undefined) headers.push("Sec-WebSocket-Protocol", protocol);
  return responseHeadText(101, "Switching Protocols", headers);
}
