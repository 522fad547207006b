import { Seldom } from "../base/index.ts";
import type { Clock, Logger, Milliseconds, Random } from "../base/index.ts";
import type { ListenerConfig } from "../config/index.ts";
import { retryAfter } from "../gateway/index.ts";
import { TurnAway } from "../listener/index.ts";
import type { Accepted } from "../wire/index.ts";

/** Least time between two log lines about connections that could not be accepted. */
const ACCEPT_FAILURE_INTERVAL_MS: Milliseconds = 1_000;

/** Where connections end up that no worker can be given. */
export class Overflow {
  /** Connections that were refused so far. */
  refused = 0;

  private readonly random: Random;
  private readonly turnAway: TurnAway;
  private readonly notTaken: Seldom;

  /** @param turnedAway connections that may be told at a time that there is no room */
  constructor(
    turnedAway: number,
    { clock, logger, random }: { readonly clock: Clock; readonly logger: Logger; readonly random: Random },
  ) {
    this.random = random;
    this.turnAway = new TurnAway(turnedAway);
    this.notTaken = new Seldom(clock, ACCEPT_FAILURE_INTERVAL_MS, (times, reason) => {
      logger.warn({ times, reason }, "connections cannot be accepted");
    });
  }

  /** A connection could not be accepted. */
  failed(error: { readonly message: string }): void {
    this.notTaken.note(error.message);
  }

  /** There is no place even for waiting: workers take too little, or this process may open too few files. */
  refuse(listener: ListenerConfig | undefined, accepted: Accepted): void {
    this.refused += 1;
    this.notTaken.note("too many wait for a worker");
    if (listener !== undefined) this.turnAway.refuse(accepted, listener, retryAfter(this.random));
  }

  stop(): void {
    this.turnAway.stop();
  }
}
