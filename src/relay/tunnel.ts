import type { Clock, Milliseconds, Random, Wheel, WheelEntry } from "../base/index.ts";
import type { TunnelOptions } from "../config/index.ts";

import { Closing } from "./closing.ts";
import type { Leg } from "../wire/index.ts";
import type { Home } from "./home.ts";
import type { RelayMeters } from "./meters.ts";
import type { MoveReason } from "./search.ts";
import { Side } from "./side.ts";
import { trackingOf } from "./tracking.ts";
import { MovableBackend } from "./movable-backend.ts";
import { MovableClient } from "./movable-client.ts";
import type { EndCause } from "./truth.ts";
import { Watch } from "./watch.ts";

/** What the handshake has settled. */
export interface Agreement {
  /** permessage-deflate was negotiated. */
  readonly deflate: boolean;
  /** Extensions were negotiated that fairlead does not know. */
  readonly foreignExtensions: boolean;
}

/** What a tunnel needs of its worker. */
export interface TunnelWorld {
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly random: Random;
  readonly meters: RelayMeters;
}

/** Who keeps a tunnel. */
export interface TunnelOwner {
  /** The backend's heartbeat has come back. */
  backendAnswered(rtt: Milliseconds): void;
  /** Where the tunnel gets another backend when it has to leave its own; its alone. Undefined: it ends with its backend. */
  readonly home?: Home | undefined;
  /** Both connections are gone. */
  tunnelOver(tunnel: Tunnel): void;
}

/** What became of a tunnel; complete once it is over. */
export interface TunnelReport {
  readonly cause: EndCause;
  readonly client: LegReport;
  readonly backend: LegReport;
}

/** One leg's part of a {@link TunnelReport}. */
export interface LegReport {
  /** Code of the Close that came from this leg; undefined when none came, 1005 when it had no body. */
  readonly closeHeard: number | undefined;
  /** Code of the Close that was written to it, likewise. */
  readonly closeSaid: number | undefined;
  /** Whole messages that came from it. */
  readonly messages: number;
  /** Bytes that came from it, headers and control frames included. */
  readonly bytes: number;
  /** Round-trip time of its last heartbeat in milliseconds. */
  readonly rtt: number | undefined;
}

const CLOSE_WITHOUT_CODE = 1005;

/** One client's WebSocket and the backend's that it is joined to, from the 101 to the last FIN. */
export class Tunnel implements WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelDue = 0;

  readonly client: Side;
  /** The one that it is joined to, or the last one that it was. */
  backend: Side;
  readonly options: TunnelOptions;
  private readonly owner: TunnelOwner;

  readonly world: TunnelWorld;
  private readonly watch: Watch;
  /** Undefined while the tunnel is open, as most are. */
  private ending: Closing | undefined;
  private isOver = false;

  /** @param owner told exactly once, when both connections are gone */
  constructor(
    client: Leg,
    backend: Leg,
    options: TunnelOptions,
    agreement: Agreement,
    world: TunnelWorld,
    owner: TunnelOwner,
  ) {
    this.options = options;
    this.world = world;
    this.owner = owner;
    const { home } = owner;
    const { meters } = world;
    const fromClient = trackingOf(options, agreement, true, meters.client.frameSizes);
    const fromBackend = trackingOf(options, agreement, false, meters.backend.frameSizes);
    if (home === undefined) {
      this.client = new Side("client", client, this, fromClient);
      this.backend = new Side("backend", backend, this, fromBackend);
    } else {
      const movable = new MovableClient(client, this, fromClient, home);
      const first = new MovableBackend(backend, this, fromBackend, home);
      home.settle(this, movable, first);
      this.client = movable;
      this.backend = first;
    }
    this.client.other = this.backend;
    this.backend.other = this.client;
    this.watch = new Watch(this, world.random);
  }

  /** Coarse time, exact to a tick of the wheel. */
  get now(): Milliseconds {
    return this.world.wheel.now;
  }

  exactNow(): Milliseconds {
    return this.world.clock.now();
  }

  /** A heartbeat of a leg has come back. */
  heartbeat(side: Side, rtt: Milliseconds): void {
    this.world.meters[side.name].heartbeat(rtt);
    if (side === this.backend) this.owner.backendAnswered(rtt);
  }

  /** Why the tunnel ends; undefined as long as it is open. */
  get cause(): EndCause | undefined {
    return this.ending?.cause;
  }

  /** Time since the last data in either direction. */
  get idleMs(): Milliseconds {
    return this.watch.idleMs(this.now);
  }

  /** Undefined where a tunnel ends with its backend. */
  get home(): Home | undefined {
    return this.owner.home;
  }

  /** Whether the tunnel is between two backends. */
  get isMoving(): boolean {
    return this.home?.isMoving ?? false;
  }

  /** Whether the tunnel is leaving its backend, or has left it. */
  get isLeaving(): boolean {
    return this.home?.isLeaving ?? false;
  }

  private get closing(): Closing {
    if (this.ending === undefined) {
      this.home?.giveUp();
      this.ending = new Closing(this);
    }
    return this.ending;
  }

  /**
   * Leaves the backend for another one, while the client stays.
   *
   * @returns false when that is not possible: who wants the tunnel away from its backend has to end it
   */
  rehome(reason: MoveReason): boolean {
    return this.home?.move(reason) ?? false;
  }

  /** Begins to relay. Bytes that came early go first, in order. */
  start(earlyFromClient: Uint8Array | undefined, earlyFromBackend: Uint8Array | undefined): void {
    this.client.leg.listener = this.client;
    this.backend.leg.listener = this.backend;
    this.world.wheel.add(this, this.nextDelay);
    if (earlyFromBackend !== undefined) this.backend.onBytes(earlyFromBackend);
    if (earlyFromClient !== undefined) this.client.onBytes(earlyFromClient);
    if (!this.client.paused) this.client.leg.resume();
    if (!this.backend.paused) this.backend.leg.resume();
    // Whatever happened to a leg while nobody listened happens now.
    if (this.client.leg.closed) this.client.onClosed();
    if (this.backend.leg.closed) this.backend.onClosed();
  }

  /** Ends the tunnel for a reason of ours, with a closing handshake on both legs; nothing when it is ending already. */
  end(cause: EndCause): void {
    this.closing.begin(cause);
  }

  /** Ends both connections at once. */
  destroy(cause: EndCause): void {
    this.closing.begin(cause);
    this.client.leg.destroy();
    this.backend.leg.destroy();
  }

  onDue(now: Milliseconds): number {
    if (this.cause !== undefined) return this.closing.due(now);
    const cause = this.watch.look(now);
    if (cause !== undefined) {
      if (!this.survives(cause)) this.end(cause);
      return 0;
    }
    this.home?.look(now);
    return this.cause === undefined ? this.nextDelay : 0;
  }

  /** Time until something has to be looked at. */
  get nextDelay(): Milliseconds {
    const delay = this.watch.nextDelay(this.now);
    return this.home === undefined ? delay : Math.min(delay, this.home.nextDelay);
  }

  /** Asks to be called after `delay`, instead of when it was planned. */
  wakeIn(delay: Milliseconds): void {
    if (!this.isOver) this.world.wheel.add(this, delay);
  }

  report(): TunnelReport {
    return { cause: this.cause ?? "shutdown", client: legReport(this.client), backend: legReport(this.backend) };
  }

  // What the sides tell.

  closeHeard(side: Side, frame: Uint8Array): void {
    if (this.ending === undefined && side === this.backend && this.home?.takesClose() === true) return;
    this.closing.closeHeard(side, frame);
  }

  violated(side: Side): void {
    const tooLarge = side.tracker.violation === "message-too-large";
    const cause = tooLarge ? (`${side.name}-message-too-large` as const) : (`${side.name}-protocol-error` as const);
    if (!this.survives(cause)) this.closing.violated(side, cause);
  }

  boundaryReached(side: Side): void {
    if (side.closeWaits) this.closing.tellNow(side);
    this.closing.advance();
  }

  sideEnded(side: Side): void {
    if (!this.survives(`${side.name}-vanished`)) this.closing.ended(side);
  }

  sideClosed(side: Side): void {
    if (this.survives(`${side.name}-vanished`)) return;
    side.muteOther();
    this.closing.ended(side);
    if (this.isOver || !this.client.leg.closed || !this.backend.leg.closed) return;
    this.isOver = true;
    this.world.wheel.remove(this);
    this.owner.tunnelOver(this);
  }

  /** Whether what would end the tunnel is only the end of its backend, and it gets another one. */
  private survives(cause: EndCause): boolean {
    return this.ending === undefined && this.home?.loses(cause) === true;
  }
}

function legReport(side: Side): LegReport {
  const heard = side.closeHeard;
  return {
    closeHeard: heard === undefined ? undefined : (heard.code ?? CLOSE_WITHOUT_CODE),
    closeSaid: side.closeSaid ? (side.saidCode ?? CLOSE_WITHOUT_CODE) : undefined,
    messages: side.tracker.messages,
    bytes: side.bytes,
    rtt: side.rtt,
  };
}
