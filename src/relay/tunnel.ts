import type { Clock, Milliseconds, Random, Wheel, WheelEntry } from "../base/index.ts";
import type { TunnelOptions } from "../config/index.ts";

import { Closing } from "./closing.ts";
import type { Leg } from "../wire/index.ts";
import type { RelayMeters } from "./meters.ts";
import { Side } from "./side.ts";
import { trackingOf } from "./tracking.ts";
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
  readonly backend: Side;
  readonly options: TunnelOptions;
  private readonly owner: TunnelOwner;

  private readonly world: TunnelWorld;
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
    const { meters } = world;
    this.client = new Side("client", client, this, trackingOf(options, agreement, true, meters.client.frameSizes));
    this.backend = new Side("backend", backend, this, trackingOf(options, agreement, false, meters.backend.frameSizes));
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

  private get closing(): Closing {
    return (this.ending ??= new Closing(this));
  }

  /** Begins to relay. Bytes that came early go first, in order. */
  start(earlyFromClient: Uint8Array | undefined, earlyFromBackend: Uint8Array | undefined): void {
    this.client.leg.listener = this.client;
    this.backend.leg.listener = this.backend;
    this.world.wheel.add(this, this.watch.nextDelay(this.now));
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
    if (cause === undefined) return this.watch.nextDelay(now);
    this.end(cause);
    return 0;
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
    this.closing.closeHeard(side, frame);
  }

  violated(side: Side): void {
    const tooLarge = side.tracker.violation === "message-too-large";
    this.closing.violated(side, tooLarge ? `${side.name}-message-too-large` : `${side.name}-protocol-error`);
  }

  boundaryReached(side: Side): void {
    if (side.closeWaits) this.closing.tellNow(side);
    this.closing.advance();
  }

  sideEnded(side: Side): void {
    this.closing.ended(side);
  }

  sideClosed(side: Side): void {
    this.closing.ended(side);
    if (this.isOver || !this.client.leg.closed || !this.backend.leg.closed) return;
    this.isOver = true;
    this.world.wheel.remove(this);
    this.owner.tunnelOver(this);
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
