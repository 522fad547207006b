import type { Milliseconds } from "../base/index.ts";
import type { Accepted, Accepting } from "../wire/index.ts";

/** Connections that a worker accepts in one turn at most: with more in a row, workers would become uneven. */
export const TURN_CONNECTIONS_MAX = 16;
/** How long a turn lasts behind the connection that came last, while some have not said yet what they want. */
const TURN_QUIET_MS: Milliseconds = 5;

/** What a turn needs of its worker. */
export interface TurnOwner {
  accepted(accepted: Accepted): void;
  failed(error: Error): void;
  /** The turn is over; the address has been let go of. */
  over(turn: Turn): void;
}

/**
 * A worker's turn at one address: it accepts until a few connections have come and their handshakes have been seen to, and
 * passes the address on. So its next owner can be told first what has become of them.
 */
export class Turn {
  readonly listener: string;
  readonly number: number;

  private readonly owner: TurnOwner;
  private readonly accepting: Accepting;
  private count = 0;
  /** Those of them that have not said what they want. */
  private silent = 0;
  private quiet: NodeJS.Timeout | undefined;
  private turnEnd: NodeJS.Immediate | undefined;
  private isOver = false;

  /**
   * @param listener name of the address
   * @param accept begins to accept
   */
  constructor(
    listener: string,
    number: number,
    accept: (onAccepted: (accepted: Accepted) => void, onFailed: (error: Error) => void) => Accepting,
    owner: TurnOwner,
  ) {
    this.listener = listener;
    this.number = number;
    this.owner = owner;
    this.accepting = accept(
      (accepted) => this.take(accepted),
      (error) => this.fail(error),
    );
  }

  /** A connection of this address has said what it wants, and a backend has been chosen for it. */
  settled(): void {
    if (this.silent > 0) this.silent -= 1;
    if (this.silent === 0 && this.count > 0) this.turnEnd ??= setImmediate(() => this.pass());
  }

  /** Ends the turn. */
  pass(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.quiet);
    clearImmediate(this.turnEnd);
    this.accepting.stop();
    this.owner.over(this);
  }

  private take(accepted: Accepted): void {
    this.count += 1;
    this.silent += 1;
    clearImmediate(this.turnEnd);
    this.turnEnd = undefined;
    if (this.quiet === undefined) this.quiet = setTimeout(() => this.pass(), TURN_QUIET_MS);
    else this.quiet.refresh();
    this.owner.accepted(accepted);
    if (this.count >= TURN_CONNECTIONS_MAX) this.pass();
  }

  private fail(error: Error): void {
    this.owner.failed(error);
    this.pass();
  }
}
