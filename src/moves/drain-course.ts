import type { Milliseconds, Random } from "../base/index.ts";
import { Pacer } from "./pacer.ts";
import type { Pace } from "./pacer.ts";
import { Returning } from "./returning.ts";

/** How one backend is drained. */
export interface DrainTerms extends Pace {
  /** Only tunnels without data for so long are ended, until the deadline. */
  readonly waitIdle: Milliseconds | "off";
  /** Counted from the beginning: what is left then is ended at once. */
  readonly deadline: Milliseconds | "off";
}

/** What a drain is told at each step. */
export interface DrainFacts {
  /** Monotonic time. */
  readonly now: Milliseconds;
  /** Tunnels that the backend still has and that nobody has begun to end. */
  readonly left: number;
  /** Tunnels that are on their way out, and still there: whatever they have in hand would be lost with the backend. */
  readonly leaving: number;
  /** Handshakes that the pool refused for want of a place since the last step. */
  readonly refusedByPool: number;
  /** Dials of the pool's other backends that failed since the last step. */
  readonly reconnectsFailed: number;
  /** Places left on the pool's other backends that take new work; Infinity when one of them has no limit. */
  readonly room: number;
  /** Number of the pool's other backends that take new work. */
  readonly candidates: number;
}

/**
 * - `running`: goes on
 * - `done`: nothing is left, and nothing is on its way out any more
 * - `deadline`: the deadline has come with tunnels left; they are ended, and it is over when none is there any more
 */
export type DrainState = "running" | "done" | "deadline";

/** What is to be done in a step. */
export interface DrainStep {
  /** Tunnels to end now; the idlest of those that may be ended. */
  readonly move: number;
  /** Only tunnels without data for so long; 0: any. */
  readonly minIdle: Milliseconds;
  /** Tunnels per second at present; 0 while it stands still. */
  readonly currentRate: number;
  /** What keeps it below the rate that was asked for, for people; null when nothing does. */
  readonly slowedBy: string | null;
  readonly state: DrainState;
}

/** What is left of the rate when all goes badly: a drain that stood still would never see that things are better. */
const LEAST_SHARE = 1 / 16;
/** Share of the rate that comes back each second in which nothing goes wrong. */
const REGAIN_PER_SECOND = 1 / 16;
/** The rate is halved at most once in this time: what one step does shows only when its clients have come back. */
const SLOWDOWN_TIME: Milliseconds = 1_000;
const SECOND: Milliseconds = 1_000;

const NOBODY = "no other backend of the pool takes new work";
const FULL = "the pool's other backends are full";
const SHORT = "the pool's other backends are short of room";
const REFUSED = "the pool refuses handshakes";
const FAILED = "clients that come back cannot be connected";
const PARTING = "the last tunnels are on their way out";
/** With these nothing moves at all. */
const STANDSTILLS: ReadonlySet<string> = new Set([NOBODY, FULL, PARTING]);

/**
 * One drain. Steps may be of any length up to a second; what matters is told with each. The rate falls by half whenever
 * those who were moved do not find a place, down to a sixteenth, and comes back steadily: additive increase,
 * multiplicative decrease, as TCP finds its share of a path that it does not know.
 */
export class DrainCourse {
  private readonly terms: DrainTerms;
  private readonly begun: Milliseconds;
  private readonly random: Random;
  private readonly pacer: Pacer;
  private readonly returning = new Returning();
  private share = 1;
  private slowedBy: string | null = null;
  private slowedAt = Number.NEGATIVE_INFINITY;
  private last: Milliseconds;
  private late = false;

  /** @param begun monotonic time */
  constructor(terms: DrainTerms, begun: Milliseconds, random: Random) {
    this.terms = terms;
    this.begun = begun;
    this.last = begun;
    this.random = random;
    this.pacer = new Pacer(terms, begun);
  }

  step(facts: DrainFacts): DrainStep {
    const { now, left, leaving } = facts;
    const { deadline, rate } = this.terms;
    if (left > 0 && deadline !== "off" && now - this.begun >= deadline) this.late = true;
    if (this.late) return { move: left, minIdle: 0, currentRate: rate, slowedBy: null, state: "deadline" };
    if (left === 0) return leaving === 0 ? this.told(0, "done", null) : this.told(0, "running", PARTING);
    const spare = this.returning.spare(now, facts.room);
    this.adjust(facts, spare);
    this.pacer.rate = rate * this.share;
    const move = this.pacer.step(now, facts.candidates === 0 ? 0 : Math.min(left, spare), this.random);
    this.returning.add(now, move);
    return this.told(move, "running", this.slowedBy);
  }

  private told(move: number, state: DrainState, slowedBy: string | null): DrainStep {
    const { rate, waitIdle } = this.terms;
    const still = state === "done" || (slowedBy !== null && STANDSTILLS.has(slowedBy));
    return {
      move,
      minIdle: waitIdle === "off" ? 0 : waitIdle,
      currentRate: still ? 0 : rate * this.share,
      slowedBy,
      state,
    };
  }

  private adjust(facts: DrainFacts, spare: number): void {
    const { now } = facts;
    const elapsed = Math.min(SECOND, Math.max(0, now - this.last));
    this.last = now;
    const trouble = this.troubleOf(facts, spare);
    if (trouble === null) {
      this.share = Math.min(1, this.share + (REGAIN_PER_SECOND * elapsed) / SECOND);
      if (this.share === 1) this.slowedBy = null;
      else if (this.slowedBy === NOBODY || this.slowedBy === FULL) this.slowedBy = SHORT;
      return;
    }
    this.slowedBy = trouble;
    // Whoever takes work again after nobody did has everybody's clients coming back.
    if (trouble === NOBODY) this.share = LEAST_SHARE;
    if (now - this.slowedAt < SLOWDOWN_TIME) return;
    this.slowedAt = now;
    this.share = Math.max(LEAST_SHARE, this.share / 2);
  }

  private troubleOf(facts: DrainFacts, spare: number): string | null {
    if (facts.candidates === 0) return NOBODY;
    if (spare < 1) return FULL;
    if (facts.refusedByPool > 0) return REFUSED;
    if (facts.reconnectsFailed > 0) return FAILED;
    // Less than a second's worth, and not enough for all that is left.
    return spare < Math.min(this.terms.rate, facts.left) ? SHORT : null;
  }
}
