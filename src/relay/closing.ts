import type { Milliseconds } from "../base/index.ts";
import type { CloseBody } from "../websocket/index.ts";

import { isParting, SERVER_CLOSES_FIRST_MS } from "./departure.ts";
import { SideState } from "./side.ts";
import type { Side } from "./side.ts";
import { CLOSE_REASON, TRUTH } from "./truth.ts";
import type { EndCause, LegTruth } from "./truth.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * The end of a tunnel: one closing handshake after the other, the innocent leg's first, then both connections.
 *
 * Each wait has a deadline. What a leg still says before its Close is forwarded as long as the other one may hear it.
 */
export class Closing {
  cause: EndCause | undefined;

  private readonly tunnel: Tunnel;
  /** The leg whose closing handshake is under way. */
  private waitingFor: Side | undefined;
  private deadline = 0;
  private phase: "handshakes" | "lingering" | "forcing" = "handshakes";

  constructor(tunnel: Tunnel) {
    this.tunnel = tunnel;
  }

  /** Begins to end the tunnel for this cause; nothing when it is ending already. */
  begin(cause: EndCause): void {
    if (this.cause !== undefined) return;
    this.cause = cause;
    if (cause === "client-stalled") this.tunnel.client.leg.destroy();
    if (cause === "backend-stalled") this.tunnel.backend.leg.destroy();
    this.advance();
  }

  closeHeard(side: Side, frame: Uint8Array): void {
    const opened = this.cause === undefined;
    this.cause ??= side.name === "client" ? "client-close" : "backend-close";
    const { other } = side;
    const { code } = this.truthOf(other);
    const isOurs = side.answersUs && isParting(side.closeHeard?.code);
    if (!isOurs && (code === "forwarded" || code === "none")) other.forwardClose(frame, side.closeHeard?.code);
    if (opened) this.waitFor(other);
    this.advance();
  }

  violated(side: Side, cause: EndCause): void {
    if (this.cause === undefined) this.begin(cause);
    else this.giveUp(side);
  }

  /** A leg has sent its last byte, or is gone. */
  ended(side: Side): void {
    const { other } = side;
    if (this.cause !== undefined) {
      // The boundary that a Close waits for will not come any more: the connection's end has to say it.
      if (other.closeWaits) other.end();
      this.advance();
      return;
    }
    this.cause = `${side.name}-vanished`;
    this.waitFor(other, side.leg.closed ? undefined : this.tunnel.options.halfCloseTimeout);
    this.advance();
    // The half-close is passed on; only a client that has got a Close answers it first, since it is for us to end the connection.
    if (side.name === "client" || !other.closeSaid) other.end();
  }

  /** Goes as far as the end can go now. */
  advance(): void {
    if (this.cause === undefined || this.phase !== "handshakes") {
      this.closeLate();
      return;
    }
    const { client, backend } = this.tunnel;
    const clientFirst = TRUTH[this.cause].first === "client";
    const first = clientFirst ? client : backend;
    if (!this.finished(first) || !this.finished(first.other)) return;
    this.linger();
  }

  /** Writes the Close that waited for a boundary. */
  tellNow(side: Side): void {
    const body = this.bodyFor(side);
    if (body !== undefined) side.sayClose(body);
  }

  /** Called at a deadline; returns the time until the next. */
  due(now: Milliseconds): number {
    if (now < this.deadline) return this.deadline - now;
    if (this.phase === "handshakes") {
      if (this.waitingFor !== undefined) this.giveUp(this.waitingFor);
      return 0;
    }
    this.force();
    return 0;
  }

  private truthOf(side: Side): LegTruth {
    return TRUTH[this.cause ?? "drain"][side.name];
  }

  private bodyFor(side: Side): CloseBody | undefined {
    const cause = this.cause ?? "drain";
    const { code } = TRUTH[cause][side.name];
    if (code === "none") return undefined;
    if (code === "forwarded") return { code: side.closeHeard?.code, reason: "" };
    return { code: this.codeFor(side, code), reason: CLOSE_REASON[cause] };
  }

  /** Codes that a client gets for its backend's loss can be chosen. */
  private codeFor(side: Side, code: number): number {
    const lost = side.name === "client" && this.cause !== undefined && TRUTH[this.cause].by === "backend";
    return lost ? this.tunnel.options.backendLostCode : code;
  }

  /** Brings one leg's closing handshake on its way; true when there is nothing more to wait for. */
  private finished(side: Side): boolean {
    if (side.leg.closed) return true;
    this.tell(side);
    if (!this.isDone(side)) {
      if (this.waitingFor !== side) this.waitFor(side);
      return false;
    }
    if (side.name === "client") side.end();
    return true;
  }

  private tell(side: Side): void {
    if (side.closeSaid || side.endSent || side.closeWaits) return;
    const body = this.bodyFor(side);
    if (body === undefined) return;
    if (this.tunnel.options.transparent) side.end();
    else if (side.atBoundary) side.sayClose(body);
    else if (side.other.ended || side.other.state === SideState.deaf) side.end();
    else side.closeWaits = true;
  }

  private isDone(side: Side): boolean {
    if (side.givenUp || side.ended || !this.truthOf(side).answers) return !side.closeWaits;
    return side.closeHeard !== undefined && (side.closeSaid || side.endSent);
  }

  private waitFor(side: Side, timeout: Milliseconds = this.tunnel.options.closeTimeout): void {
    this.waitingFor = side;
    this.deadline = this.tunnel.now + timeout;
    this.tunnel.wakeIn(timeout);
  }

  private giveUp(side: Side): void {
    side.givenUp = true;
    // A Close that still waits will never find its boundary: the connection's end has to say it.
    if (side.closeWaits) side.end();
    this.advance();
  }

  /** Both handshakes are over: the connections are ended, the backend's by the backend if it does so soon. */
  private linger(): void {
    const { client, backend } = this.tunnel;
    this.phase = "lingering";
    client.end();
    if (backend.ended || backend.closeHeard === undefined) backend.end();
    this.deadline = this.tunnel.now + SERVER_CLOSES_FIRST_MS;
    this.tunnel.wakeIn(SERVER_CLOSES_FIRST_MS);
  }

  private closeLate(): void {
    if (this.phase !== "handshakes" && this.tunnel.backend.ended) this.tunnel.backend.end();
  }

  private force(): void {
    const { client, backend, options } = this.tunnel;
    if (this.phase === "lingering") {
      this.phase = "forcing";
      backend.end();
      this.deadline = this.tunnel.now + options.closeTimeout;
      this.tunnel.wakeIn(options.closeTimeout);
      return;
    }
    client.leg.destroy();
    backend.leg.destroy();
  }
}
