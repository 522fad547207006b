import type { Milliseconds, Random } from "../base/index.ts";
import { MinuteLimit } from "./minute-limit.ts";
import { Pacer } from "./pacer.ts";
import { gapBelow, planRebalance } from "./plan.ts";
import type { BackendLoad } from "./plan.ts";

/** How a pool is rebalanced. */
export interface RebalanceTerms {
  /** Most tunnels moved in a minute; when below 1, in as many minutes as it takes for one. */
  readonly perMinute: number;
  /** Tunnels that came to their backend less than so long ago stay. */
  readonly minAge: Milliseconds;
  /** Share (0 to 1) above the fair share that is left alone. */
  readonly tolerance: number;
  /** Time between two looks at the loads. */
  readonly interval: Milliseconds;
  /** What loads are: numbers of tunnels; or what these carry, where it makes a difference which of them are moved. */
  readonly evens: "tunnels" | "carried";
}

/** One backend of the pool. */
export interface NamedLoad extends BackendLoad {
  /** What it goes by; backends may come and go between two steps. */
  readonly name: string;
  /** Tunnels that it has, where the load is what they carry. */
  readonly tunnels?: number | undefined;
}

/** Tunnels of one backend that are to be ended now; never pinned ones. */
export interface RebalanceOrder {
  readonly backend: string;
  /** Most of them. */
  readonly move: number;
  /** What each has to carry, and all together, in the unit of the loads; absent: the idlest are ended, whatever they carry. */
  readonly size?: { readonly least: number; readonly most: number; readonly sum: number };
}

/** What is to be done in a step. */
export interface RebalanceStep {
  readonly moves: readonly RebalanceOrder[];
  /** Names of those that have more than their share, as the last look found. */
  readonly surplus: readonly string[];
  /** Only tunnels that are so old. */
  readonly minAge: Milliseconds;
  /**
   * Tunnels that the last look found to be moved, and that have not been since. By size that is an estimate: as many as that
   * would be if they were like those that have been moved.
   */
  readonly left: number;
  /** Whether it moves; false: the loads were fair enough at the last look. */
  readonly running: boolean;
}

const SECONDS_PER_MINUTE = 60;
/** As a drain's by default: clients that were moved one by one do not come back in step. */
const JITTER = 0.3;
/** Tunnels that carry less than this part of the mean are not worth a move. */
const LEAST_SIZE = 0.5;
/** Sums of the same numbers in another order differ by less. */
const ROUNDING = 1 + 1e-9;
/** A tunnel that was moved by what it carries may be nowhere for so long: until then a look would miss it. */
const SETTLE_TIME: Milliseconds = 2_000;

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
  /** What may still be given before the next look where it all comes to one backend, and how many have a place. */
  private gap = 0;
  private places = 0;
  /** What a tunnel of the pool carried in the mean, at the last look: all that is kept here is counted in that. */
  private mean = 1;
  /** When a tunnel was last moved by what it carries. */
  private movedAt = Number.NEGATIVE_INFINITY;
  /** What was moved by size so far. */
  private readonly done = { tunnels: 0, carried: 0 };
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

  /** What loads are to be. */
  get evens(): RebalanceTerms["evens"] {
    return this.terms.evens;
  }

  /** @param now monotonic time */
  step(now: Milliseconds, backends: readonly NamedLoad[]): RebalanceStep {
    if (now >= this.lookAt && now - this.movedAt >= SETTLE_TIME) this.look(now, backends);
    // What has left, or takes no new work any more, has become somebody else's affair.
    const able = new Set(backends.filter(({ eligible }) => eligible).map(({ name }) => name));
    for (const name of this.surplus.keys()) if (!able.has(name)) this.surplus.delete(name);
    const allowed = this.limit.left(now);
    const moves = this.terms.evens === "tunnels" ? this.takeAny(now, allowed) : this.takeBySize(now, backends, allowed);
    const surplus = [...this.surplus.keys()];
    return { moves, surplus, minAge: this.terms.minAge, left: this.tunnelsLeft(), running: this.running };
  }

  /**
   * Tells what became of an order that went by size.
   *
   * @param tunnels that were moved; none: nothing that fits is to be had there before the next look
   * @param load what these carry, in the unit of the loads
   */
  moved(backend: string, tunnels: number, load: number): void {
    const carried = load / this.mean;
    const before = this.surplus.get(backend);
    this.gap -= carried;
    this.places -= tunnels;
    this.done.tunnels += tunnels;
    this.done.carried += carried;
    if (tunnels === 0) this.surplus.delete(backend);
    else if (before !== undefined) this.surplus.set(backend, Math.max(0, before - carried));
  }

  private look(now: Milliseconds, backends: readonly NamedLoad[]): void {
    this.mean = this.terms.evens === "tunnels" ? 1 : meanOf(backends);
    const counted = backends.map((backend) => ({ ...backend, load: backend.load / this.mean }));
    const exact = this.terms.evens === "carried";
    const plan = planRebalance(counted, { tolerance: this.terms.tolerance, exact }, this.running);
    this.surplus = new Map(plan.map(({ index, surplus }) => [backends[index]?.name ?? "", surplus]));
    this.gap = Math.max(0, ...plan.map(({ index }) => gapOf(counted[index], counted)));
    this.places = placesOf(backends.filter(({ name }) => !this.surplus.has(name)));
    this.running = plan.length > 0;
    this.lookAt = now + this.terms.interval;
  }

  private takeAny(now: Milliseconds, allowed: number): RebalanceOrder[] {
    const count = this.pacer.step(now, Math.min(this.left(), allowed), this.random);
    this.limit.add(now, count);
    return this.take(count);
  }

  /** All that one step moves comes from whoever has most too much: how much is left for others is known only then. */
  private takeBySize(now: Milliseconds, backends: readonly NamedLoad[], allowed: number): RebalanceOrder[] {
    const [backend, surplus] = this.greatest();
    const giver = backends.find(({ name }) => name === backend);
    const sum = Math.min(surplus, this.gap);
    const most = Math.min(sum, gapOf(giver, backends) / this.mean);
    const fits = now >= this.lookAt || most < LEAST_SIZE ? 0 : Math.ceil(sum / LEAST_SIZE);
    const count = this.pacer.step(now, Math.min(fits, this.places, allowed), this.random);
    if (backend !== undefined && most < LEAST_SIZE) this.surplus.set(backend, 0);
    if (backend === undefined || count === 0) return [];
    this.limit.add(now, count);
    this.movedAt = now;
    const unit = this.mean * ROUNDING;
    return [{ backend, move: count, size: { least: LEAST_SIZE * this.mean, most: most * unit, sum: sum * unit } }];
  }

  private greatest(): [backend: string | undefined, surplus: number] {
    let most: string | undefined;
    for (const [name, surplus] of this.surplus) if (surplus > (this.surplus.get(most ?? "") ?? 0)) most = name;
    return [most, this.surplus.get(most ?? "") ?? 0];
  }

  private left(): number {
    let left = 0;
    for (const surplus of this.surplus.values()) left += surplus;
    return left;
  }

  private tunnelsLeft(): number {
    const { tunnels, carried } = this.done;
    return Math.ceil(carried === 0 ? this.left() : (this.left() * tunnels) / carried);
  }

  /** Takes one after the other from whoever then has most. */
  private take(count: number): RebalanceOrder[] {
    const taken = new Map<string, number>();
    for (let moved = 0; moved < count; moved += 1) {
      const [most, surplus] = this.greatest();
      if (most === undefined) break;
      this.surplus.set(most, surplus - 1);
      taken.set(most, (taken.get(most) ?? 0) + 1);
    }
    return [...taken].map(([backend, move]) => ({ backend, move }));
  }
}

function gapOf(giver: NamedLoad | undefined, backends: readonly NamedLoad[]): number {
  return giver === undefined ? 0 : gapBelow(giver, backends);
}

/** How many tunnels these take. */
function placesOf(backends: readonly NamedLoad[]): number {
  return backends.reduce((sum, { eligible, room = Number.POSITIVE_INFINITY }) => (eligible ? sum + room : sum), 0);
}

/** What one tunnel carries in the mean; 1 where none does. */
function meanOf(backends: readonly NamedLoad[]): number {
  const load = backends.reduce((sum, one) => sum + one.load, 0);
  const all = backends.reduce((sum, { tunnels = 0 }) => sum + tunnels, 0);
  return load > 0 && all > 0 ? load / all : 1;
}
