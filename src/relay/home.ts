import type { Milliseconds } from "../base/index.ts";
import type { RehomeOptions } from "../config/index.ts";
import { CloseCode } from "../websocket/index.ts";
import type { Leg } from "../wire/index.ts";

import { Briefing } from "./briefing.ts";
import { isParting, seeOut } from "./departure.ts";
import { MovableBackend } from "./movable-backend.ts";
import type { MovableClient } from "./movable-client.ts";
import { Phase } from "./phase.ts";
import { Replay } from "./replay.ts";
import { isLoss } from "./search.ts";
import type { HomeFinder, MoveReason, RehomeReason } from "./search.ts";
import { SideState } from "./side.ts";
import { trackingOf } from "./tracking.ts";
import { CLOSE_REASON, TRUTH } from "./truth.ts";
import type { EndCause } from "./truth.ts";
import type { Agreement, Tunnel } from "./tunnel.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** A backend that is never quiet is left after this many times the quiet time that is waited for. */
const QUIET_WAITS_MAX = 4;
/** A backend that is lost sooner than this has not taken the tunnel: the search goes on, with what is left of its time. */
const STANDS_MS: Milliseconds = 1_000;
/** So many backends in a row that have not served the tunnel are lost by what it sends, or are all of them ill. */
const LOST_AT_ONCE_MAX = 5;
/** Share of the time without a backend that the old one's closing handshake may take. */
const CLOSING_SHARE = 0.5;

/**
 * How one tunnel gets from one backend to the next while its client stays.
 *
 * A planned move loses and doubles nothing: the client is stopped at the end of a message, the old backend finishes and is
 * closed, then the next one gets what has waited. When a backend is lost, nothing is sent twice: what was on its way to it
 * is lost, and counted.
 */
export class Home {
  readonly options: RehomeOptions;
  /** Where what the client sends waits; undefined while it is passed on. */
  waiting: WaitingRoom | undefined;
  /** The client's first messages. */
  readonly replay: Replay;
  readonly briefing: Briefing;
  /** Re-homings so far. */
  count = 0;
  /** Backends in a row that were lost as soon as they had the tunnel, or without a word. */
  lostAtOnce = 0;

  private readonly finder: HomeFinder;
  private tunnel!: Tunnel;
  private client!: MovableClient;
  private backend!: MovableBackend;
  private phase: Phase = Phase.settled;
  private reason: RehomeReason = "drain";
  /** When the phase is over at the latest. */
  private deadline: Milliseconds = Number.POSITIVE_INFINITY;
  private giveUpAt: Milliseconds = Number.POSITIVE_INFINITY;
  private stoppedAt: Milliseconds = 0;
  private joinedAt: Milliseconds = Number.NEGATIVE_INFINITY;
  /** Messages of the client that the loss of the backend that is left may have taken. */
  private lost = 0;
  /** It is to leave its new backend, too, when that has answered. */
  private movesOn: MoveReason | undefined;

  constructor(options: RehomeOptions, finder: HomeFinder) {
    this.options = options;
    this.finder = finder;
    this.replay = new Replay(options.replay, options.replayBytes);
    this.briefing = new Briefing(options, this.replay);
  }

  get isMoving(): boolean {
    return this.phase !== Phase.settled;
  }

  /** Whether it is leaving its backend, or has left it. */
  get isLeaving(): boolean {
    return this.phase === Phase.greeting ? this.movesOn !== undefined : this.isMoving;
  }

  /** Whether the client is to be stopped at the end of its message. */
  get isStopping(): boolean {
    return this.phase === Phase.stopping;
  }

  /** Time until something has to be looked at. */
  get nextDelay(): Milliseconds {
    if (this.phase === Phase.settled) return Number.POSITIVE_INFINITY;
    const quiet = this.phase === Phase.finishing ? this.quietAt : Number.POSITIVE_INFINITY;
    return Math.max(1, Math.min(this.deadline, quiet) - this.tunnel.now);
  }

  /** Called once, by the tunnel that it is made for. */
  settle(tunnel: Tunnel, client: MovableClient, backend: MovableBackend): void {
    this.tunnel = tunnel;
    this.client = client;
    this.backend = backend;
  }

  /** Begins to leave a backend that is well; false when the tunnel cannot. */
  move(reason: MoveReason): boolean {
    if (!this.canMove) return false;
    if (this.phase === Phase.greeting) this.movesOn = reason;
    if (this.phase !== Phase.settled) return true;
    this.reason = reason;
    this.enter(Phase.stopping, this.options.timeout);
    if (this.client.tracker.atMessageEnd) this.clientStopped();
    return true;
  }

  /** The client's message has been passed on to its end: what follows waits. */
  clientStopped(): void {
    this.beginToWait(false);
    this.stoppedAt = this.tunnel.now;
    this.enter(Phase.finishing, QUIET_WAITS_MAX * this.options.quiet);
  }

  /** What was written to the backend has left. */
  drained(): void {
    this.client.noteDrained();
  }

  /** Whether a Close of the backend is not for the client, but part of a move or the beginning of one. */
  takesClose(): boolean {
    if (this.phase === Phase.searching) return true;
    if (!this.canMove) return false;
    const { code } = this.backend.closeHeard ?? {};
    const handsOver = code !== undefined && this.options.handOverCodes.includes(code);
    if (this.phase === Phase.closing && (handsOver || isParting(code))) {
      this.leave();
      return true;
    }
    if (!handsOver || this.backend.hasCut) return false;
    if (this.phase === Phase.settled || this.phase === Phase.greeting) this.reason = "hand-over";
    this.abandon(code, "");
    return true;
  }

  /** Whether the tunnel goes on without this backend. Other causes than a loss are none of its business. */
  loses(cause: EndCause): boolean {
    if (this.phase === Phase.searching && cause.startsWith("backend-")) {
      if (this.backend.ended) this.backend.end();
      return true;
    }
    if (!isLoss(cause) || !this.canMove) return false;
    if (this.phase === Phase.closing) {
      this.countLost();
      this.leave();
      return true;
    }
    if (this.backend.hasCut) return false;
    this.reason = cause;
    const { code } = TRUTH[cause].backend;
    if (cause === "backend-stalled" || typeof code !== "number") this.abandon(undefined, "");
    else this.abandon(code, CLOSE_REASON[cause]);
    return true;
  }

  /** Goes on where a deadline has passed. */
  look(now: Milliseconds): void {
    const { phase } = this;
    if (phase === Phase.finishing && now >= Math.min(this.quietAt, this.deadline)) this.closeOld();
    else if (now < this.deadline) return;
    else if (phase === Phase.closing && !this.backend.hasCut && this.isMute(now)) {
      this.countLost();
      this.leave();
    } else if (phase === Phase.closing && now < this.giveUpAt) this.enter(Phase.closing, this.options.quiet);
    else if (phase === Phase.stopping && this.reason === "rebalance") this.phase = Phase.settled;
    else if (phase !== Phase.settled) this.strand();
  }

  /**
   * Goes on with another backend.
   *
   * @param early what came right behind its answer
   * @returns false when the tunnel needs none any more; the leg is the caller's then
   */
  join(leg: Leg, agreement: Agreement, early: Uint8Array | undefined): boolean {
    const { tunnel, client, backend: old } = this;
    if (this.phase !== Phase.searching || tunnel.cause !== undefined || client.leg.closed) return false;
    const { wheel, meters } = tunnel.world;
    seeOut(old.leg, wheel, tunnel.options.closeTimeout);
    const tracking = trackingOf(tunnel.options, agreement, false, meters.backend.frameSizes);
    const next = new MovableBackend(leg, tunnel, tracking, this);
    next.succeed(old, this.briefing.answers);
    next.other = client;
    client.other = next;
    tunnel.backend = next;
    this.backend = next;
    leg.listener = next;
    this.count += 1;
    this.joinedAt = tunnel.now;
    this.begin(next, early);
    return true;
  }

  /** There is no backend for the tunnel: it ends. */
  strand(): void {
    const { phase } = this;
    if (phase === Phase.settled) return;
    // A search is its finder's to count.
    if (phase !== Phase.searching && phase !== Phase.greeting) this.finder.stuck(this.reason);
    // It has been told already, and has had its time.
    if (phase === Phase.closing) this.backend.givenUp = true;
    this.tunnel.end(this.reason === "hand-over" ? "drain" : this.reason);
  }

  /** The tunnel ends: it needs no backend any more. What has waited goes to the old one, if that still takes it. */
  giveUp(): void {
    const { phase, backend, waiting } = this;
    if (phase === Phase.settled) return;
    this.phase = Phase.settled;
    this.waiting = undefined;
    backend.answersUs = phase === Phase.closing;
    if (phase === Phase.searching || phase === Phase.closing || backend.leg.closed) {
      backend.muteOther();
      this.finder.dropped(this.client.unsent);
    } else {
      // Only a new backend has not heard all of it.
      const untold = phase === Phase.greeting ? this.briefing.rest() : [];
      this.client.noteArrived(this.write([...untold, waiting?.take()]));
    }
    if (phase !== Phase.searching) return;
    // It has been told already, and its answer goes nowhere.
    backend.givenUp = true;
    this.finder.searchOver();
  }

  private get canMove(): boolean {
    const { client, tunnel } = this;
    return tunnel.cause === undefined && !client.ended && client.closeHeard === undefined && !client.leg.closed;
  }

  /**
   * When the old backend will have been quiet for long enough; never as long as a message of its is under way, or as it is not
   * read from.
   */
  private get quietAt(): Milliseconds {
    const { tracker, paused } = this.backend;
    if (!tracker.atMessageEnd || paused) return Number.POSITIVE_INFINITY;
    return Math.max(this.stoppedAt, this.backend.lastHeard) + this.options.quiet;
  }

  /** Whether the old backend has nothing more to say, so that nothing is lost when it is left without its Close. */
  private isMute(now: Milliseconds): boolean {
    return !this.backend.paused && now - this.backend.lastHeard >= this.options.quiet;
  }

  /** Whether the backend that is left has never had a word for the tunnel, and that is why. */
  private get isLostMute(): boolean {
    return !this.backend.hasSpoken && (this.reason === "backend-silent" || this.reason === "backend-stalled");
  }

  /** Whether the backend that is left has never served the tunnel. */
  private isLostAtOnce(now: Milliseconds): boolean {
    if (this.phase === Phase.greeting) return true;
    const isPlanned = this.reason === "drain" || this.reason === "rebalance";
    return !isPlanned && now - this.joinedAt < STANDS_MS && !this.backend.hasServed;
  }

  private enter(phase: Phase, longest: Milliseconds): void {
    const { now } = this.tunnel;
    if (this.phase === Phase.settled || (this.phase === Phase.greeting && phase === Phase.searching)) {
      const goesOn = this.isLostAtOnce(now);
      this.lostAtOnce = goesOn || this.isLostMute ? this.lostAtOnce + 1 : 0;
      if (!goesOn) this.giveUpAt = now + this.options.timeout;
      this.lost = 0;
      this.movesOn = undefined;
    }
    this.phase = phase;
    this.deadline = Math.min(this.giveUpAt, now + longest);
    this.tunnel.wakeIn(this.tunnel.nextDelay);
  }

  private beginToWait(isCut: boolean): void {
    // No backend has got all of a message that was cut: where its beginning is kept anyway, the next one gets all of it.
    const begun = isCut ? this.replay.begun : undefined;
    this.client.beginToWait(isCut && begun === undefined);
    this.briefing.prepare();
    this.waiting = new WaitingRoom(this.options.buffer);
    if (begun !== undefined) this.waiting.add(begun);
  }

  private closeOld(): void {
    const { backend, options } = this;
    this.enter(Phase.closing, Math.min(this.tunnel.options.closeTimeout, options.timeout * CLOSING_SHARE));
    backend.sayClose({ code: CloseCode.goingAway, reason: CLOSE_REASON.drain });
  }

  /** What the old backend had not read when it was lost is lost with it. */
  private countLost(): void {
    this.lost = this.client.undelivered;
  }

  /** Leaves a backend that goes, or has gone, by itself. */
  private abandon(code: number | undefined, reason: string): void {
    const { backend, client, waiting } = this;
    // From here on nothing that is done to the old leg touches the client.
    this.enter(Phase.searching, this.options.timeout);
    const atBoundary = backend.atBoundary;
    if (waiting === undefined) this.beginToWait(client.isCut);
    this.countLost();
    if (code === undefined || !atBoundary) backend.endSent = true;
    else backend.sayClose({ code, reason });
    if (backend.endSent) backend.leg.destroy();
    else backend.end();
    this.seek();
  }

  /** The old backend's closing handshake is over. */
  private leave(): void {
    const { backend } = this;
    if (backend.hasCut) {
      this.strand();
      return;
    }
    this.enter(Phase.searching, this.options.timeout);
    if (backend.ended) backend.end();
    this.seek();
  }

  private seek(): void {
    // Whatever it still says, should it come to life again, is not the client's any more.
    this.backend.state = SideState.deaf;
    if (this.waiting?.isFull !== true) this.client.readOn();
    this.finder.search({ reason: this.reason, count: this.count + 1, lost: this.lost });
    if (this.lostAtOnce >= LOST_AT_ONCE_MAX) this.strand();
  }

  /**
   * The new backend has answered. Each answer lets one more message be sent again, and the last one all that is left: one that
   * is spoken to before it has let the client in may turn it away.
   *
   * @param isLast whether no other answer is expected
   */
  answered(isLast: boolean): void {
    if (this.phase !== Phase.greeting) return;
    if (isLast) this.goOn();
    else this.write([this.briefing.next()]);
  }

  private begin(next: MovableBackend, early: Uint8Array | undefined): void {
    const { client, tunnel, briefing } = this;
    briefing.restart();
    if (briefing.hasSteps) {
      this.enter(Phase.greeting, this.options.timeout);
      this.write([briefing.next()]);
      client.noteDrained();
    } else this.goOn();
    if (early !== undefined) next.onBytes(early);
    if (!next.paused) next.leg.resume();
    if (next.leg.closed) next.onClosed();
    if (tunnel.cause === undefined) tunnel.wakeIn(tunnel.nextDelay);
  }

  /** The new backend gets what is left of what it is told, then what has waited, then what comes. */
  private goOn(): void {
    const { waiting, client, movesOn } = this;
    this.phase = Phase.settled;
    this.waiting = undefined;
    this.movesOn = undefined;
    client.noteArrived(this.write([...this.briefing.rest(), waiting?.take()]));
    if (movesOn !== undefined) this.move(movesOn);
  }

  /** False when the backend has a backlog. */
  private write(pieces: readonly (Uint8Array | undefined)[]): boolean {
    let flowing = true;
    for (const bytes of pieces) if (bytes !== undefined) flowing = this.backend.leg.write(bytes);
    return flowing;
  }
}
