import type { Milliseconds, Wheel, WheelEntry } from "../base/index.ts";
import { CloseCode, closeFrame } from "../websocket/index.ts";
import type { Leg, LegListener } from "../wire/index.ts";

import { newMaskKey } from "./own-frames.ts";

/** How long a backend may take, behind its closing handshake, to close the connection first (RFC 6455 section 7.1.1). */
export const SERVER_CLOSES_FIRST_MS = 1_000;

/** With these a backend answers our Close, or goes as well. */
const PARTING_CODES: ReadonlySet<number | undefined> = new Set([
  undefined,
  CloseCode.normal,
  CloseCode.goingAway,
  CloseCode.serviceRestart,
]);

/** Whether a Close is for us, who have said one; with any other code it is the backend's own, and for the client. */
export function isParting(code: number | undefined): boolean {
  return PARTING_CODES.has(code);
}

/** A leg on its way out. */
class Departure implements LegListener, WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelDue = 0;

  private readonly leg: Leg;
  private readonly wheel: Wheel;
  private readonly timeout: Milliseconds;
  private forced = false;

  constructor(leg: Leg, wheel: Wheel, timeout: Milliseconds) {
    this.leg = leg;
    this.wheel = wheel;
    this.timeout = timeout;
  }

  begin(): void {
    this.leg.listener = this;
    this.leg.resume();
    this.wheel.add(this, SERVER_CLOSES_FIRST_MS);
  }

  onBytes(): void {}

  onEnd(): void {
    this.leg.end();
  }

  onDrain(): void {}

  onClosed(): void {
    this.wheel.remove(this);
  }

  onDue(): number {
    if (this.forced) this.leg.destroy();
    else this.leg.end();
    this.forced = !this.forced;
    return this.forced ? this.timeout : 0;
  }
}

/**
 * Sees a leg out that a tunnel has left: what it still says is thrown away, and its connection ends, by force at last.
 *
 * @param timeout how long the connection may take to end once we have ended our direction
 */
export function seeOut(leg: Leg, wheel: Wheel, timeout: Milliseconds): void {
  if (!leg.closed) new Departure(leg, wheel, timeout).begin();
}

/** Tells a backend that has just been dialled that it is not wanted after all, and sees it out. */
export function dismiss(leg: Leg, wheel: Wheel, timeout: Milliseconds): void {
  if (leg.closed) return;
  leg.write(closeFrame(CloseCode.goingAway, "", newMaskKey()));
  seeOut(leg, wheel, timeout);
}
