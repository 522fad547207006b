import type { Milliseconds, Random } from "../base/index.ts";
import { MinuteLimit } from "./minute-limit.ts";
import { Pacer } from "./pacer.ts";
import { planRebalance } from "./plan.ts";
import type { BackendLoad } from "./plan.ts";

/** How a pool is rebalanced. */
export interface RebalanceTerms {
  /** Most tunnels moved in a minute; when below 1, in as many minutes as it takes for one. */
  readonly perMinute: number;
  /** Younger tunnels stay. */
  readonly minAge: Milliseconds;
  /** Share (0 to 1) above the fair share that is left alone. */
  readonly tolerance: number;
  /** Time between two looks at the loads. */
  readonly interval: Milliseconds;
}

/** One backend of the pool. */
export interface NamedLoad extends BackendLoad {
  /** What it goes by; backends may come and go between two steps. */
  readonly name: string;
}

/** What is to be done in a step. */
export interface RebalanceStep {
  /** Tunnels to end now, by the backend that has them; the idlest of those that may be ended, and never pinned ones. */
  readonly moves: readonly { readonly backend: string; readonly move: number }[];
  /** Names of those that have more than their share, as the last look found. */
  readonly surplus: readonly string[];
  /** Only tunnels that are so old. */
  readonly minAge: Milliseconds;
  /** Tunnels that the last look found to be moved, and that have not been since. */
  readonly left: number;
  /** Whether it moves; false: the loads were fair enough at the last look. */
  readonly running: boolean;
}

const SECONDS_PER_MINUTE = 60;
/** As a drain's by default: clients that were moved one by one do not come back in step. */
const JITTER = 0.3;

/**
 * The rebalances of one pool, one after the other for as long as somebody steps it. It looks at the loads now and then;
 * what a look found is moved at a pace until the next. So clients have the time to come back before they are missed.
 */
export class RebalanceCourse {
  private readonly terms: RebalanceTerms;
  private readonly random: Random;
  private readonly pacer: Pacer;
  private readonly limit: MinuteLimit;
  private surplus = new Map<string, number>();
  private lookAt: Milliseconds;
  private running: boolean;

  /**
   * @param begun monotonic time of the first look
   * @param asked whether somebody asked for it: then it begins at what is otherwise reason enough to go on
   */
  constructor(terms: RebalanceTerms, begun: Milliseconds, random: Random, asked = false) {
    this.terms = terms;
    this.random = random;
    this.pacer = new Pacer({ rate: terms.perMinute / SECONDS_PER_MINUTE, jitter: JITTER }, begun);
    this.limit = new MinuteLimit(Math.max(1, Math.floor(terms.perMinute)));
    this.lookAt = begun;
    this.running = asked;
  }

  /** @param now monotonic time */
  step(now: Milliseconds, backends: readonly NamedLoad[]): RebalanceStep {
    if (now >= this.lookAt) this.look(now, backends);
    // What has left, or takes no new work any more, has become somebody else's affair.
    const able = new Set(backends.filter(({ eligible }) => eligible).map(({ name }) => name));
    for (const name of this.surplus.keys()) if (!able.has(name)) this.surplus.delete(name);
    const allowed = this.limit.left(now);
    const count = this.pacer.step(now, Math.min(this.left(), allowed), this.random);
    const moves = this.take(count);
    this.limit.add(now, count);
    const surplus = [...this.surplus.keys()];
    return { moves, surplus, minAge: this.terms.minAge, left: this.left(), running: this.running };
  }

  private look(now: Milliseconds, backends: readonly NamedLoad[]): void {
    const plan = planRebalance(backends, this.terms, this.running);
    this.surplus = new Map(plan.map(({ index, surplus }) => [backends[index]?.name ?? "", surplus]));
    this.running = plan.length > 0;
    this.lookAt = now + this.terms.interval;
  }

  private left(): number {
    let left = 0;
    for (const surplus of this.surplus.values()) left += surplus;
    return left;
  }

  /** Takes one after the other from whoever then has most. */
  private take(count: number): { backend: string; move: number }[] {
    const taken = new Map<string, number>();
    for (let moved = 0; moved < count; moved += 1) {
      let most: string | undefined;
      for (const [name, surplus] of this.surplus) {
        if (surplus > (most === undefined ? 0 : (this.surplus.get(most) ?? 0))) most = name;
      }
      if (most === undefined) break;
      this.surplus.set(most, (this.surplus.get(most) ?? 0) - 1);
      taken.set(most, (taken.get(most) ?? 0) + 1);
    }
    return [...taken].map(([backend, move]) => ({ backend, move }));
  }
}
