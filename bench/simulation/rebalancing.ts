import type { Random } from "../../src/base/index.ts";
import { chooseByLoad, chooseToMove, Rates, RebalanceCourse } from "../../src/moves/index.ts";
import type { CarryingTunnel, NamedLoad, RebalanceOrder, RebalanceTerms } from "../../src/moves/index.ts";
import type { SimulatedBackend } from "./backend.ts";
import { drawCount } from "./draws.ts";

/** What a client's message and its answer of 256 bytes each count under `least-load`, which takes half of what backends send. */
const MESSAGE_COUNTS = 1.5 * (1 + 256 / 4096);
/** What an open tunnel counts there though it carries nothing. */
const TUNNEL_COUNTS = 0.1;
/** Time constant of what each tunnel carries, as workers have it. */
const WINDOW_MS = 60_000;
const SECOND_MS = 1000;

/** A tunnel that may be moved. */
export interface Movable {
  /** Messages a second. */
  rate: number;
  /** Simulated milliseconds; another number after it has been moved. */
  openedAt: number;
  readonly backend: unknown;
}

type TunnelsOf<Tunnel> = (backend: string) => ReadonlySet<Tunnel>;

/** The rebalances of a simulated pool: the course is fairlead's own, and what is known of tunnels is what its workers know. */
export class Rebalancing<Tunnel extends Movable> {
  private readonly terms: RebalanceTerms;
  private readonly course: RebalanceCourse;
  private readonly random: Random;
  private readonly strainOf: (backend: string) => number;
  private readonly rates = new Rates<Seen>(WINDOW_MS);
  private readonly seen = new WeakMap<Tunnel, Seen>();
  private running = false;
  private steppedAt = Number.NEGATIVE_INFINITY;
  private weighedAt = Number.NEGATIVE_INFINITY;
  /** What each backend's tunnels carry. */
  private readonly sums = new Map<string, number>();

  /**
   * @param begun simulated milliseconds
   * @param strainOf what a backend says of its own load, as a factor
   */
  constructor(terms: RebalanceTerms, begun: number, random: Random, strainOf: (backend: string) => number) {
    this.terms = terms;
    this.random = random;
    this.strainOf = strainOf;
    this.course = new RebalanceCourse(terms, begun, random);
  }

  /**
   * What is to be moved now.
   *
   * @param now simulated milliseconds
   */
  step(now: number, backends: readonly SimulatedBackend[], tunnelsOf: TunnelsOf<Tunnel>): Tunnel[] {
    // While there is nothing to do it looks once in an interval.
    if (!this.running && now - this.steppedAt < this.terms.interval) return [];
    this.steppedAt = now;
    if (this.terms.evens === "carried" && now - this.weighedAt >= SECOND_MS) this.weighAll(now, backends, tunnelsOf);
    const step = this.course.step(
      now,
      backends.map((backend) => this.loadOf(backend)),
    );
    this.running = step.running;
    return step.moves.flatMap((order) => this.choose(now, order, tunnelsOf(order.backend)));
  }

  private loadOf({ name, open, active }: SimulatedBackend): NamedLoad {
    if (this.terms.evens === "tunnels") return { name, load: open, weight: 1, eligible: active };
    const load = this.sums.get(name) ?? 0;
    return { name, load, tunnels: open, weight: 1 / this.strainOf(name), eligible: active };
  }

  private choose(now: number, { backend, move, size }: RebalanceOrder, tunnels: ReadonlySet<Tunnel>): Tunnel[] {
    const old = [...tunnels].filter(({ openedAt }) => now - openedAt >= this.terms.minAge);
    if (size === undefined) {
      // What says least has been silent for the longest, as likely as not.
      const idle = old.map((tunnel) => ({ tunnel, idleMs: 1 / tunnel.rate, stayMs: 0, pinned: false }));
      const choice = { count: move, minIdle: 0, minAge: 0, allowPinned: false };
      return chooseToMove(idle, choice).map(({ tunnel }) => tunnel);
    }
    const weighed = old.map((tunnel) => ({ tunnel, carries: this.weigh(now, tunnel) }));
    const chosen = chooseByLoad(weighed, { count: move, ...size });
    const sum = chosen.reduce((total, { carries }) => total + carries, 0);
    this.course.moved(backend, chosen.length, sum);
    return chosen.map(({ tunnel }) => tunnel);
  }

  private weighAll(now: number, backends: readonly SimulatedBackend[], tunnelsOf: TunnelsOf<Tunnel>): void {
    this.weighedAt = now;
    for (const { name } of backends) {
      let sum = 0;
      for (const tunnel of tunnelsOf(name)) sum += this.weigh(now, tunnel);
      this.sums.set(name, sum);
    }
  }

  private weigh(now: number, tunnel: Tunnel): number {
    let seen = this.seen.get(tunnel);
    // One that comes back after a move is another one, of which nothing is known.
    if (seen?.openedAt !== tunnel.openedAt) this.seen.set(tunnel, (seen = new Seen(tunnel.openedAt)));
    seen.ageMs = now - tunnel.openedAt;
    return TUNNEL_COUNTS + this.rates.look(now, seen, (one) => one.read(now, tunnel.rate, this.random));
  }
}

/** A tunnel from its opening to its end, as a worker sees it. */
class Seen implements CarryingTunnel {
  readonly openedAt: number;
  ageMs = 0;
  private readAt: number;
  private carried = 0;

  constructor(openedAt: number) {
    this.openedAt = openedAt;
    this.readAt = openedAt;
  }

  /** What it has carried by now. */
  read(now: number, rate: number, random: Random): number {
    this.carried += MESSAGE_COUNTS * drawCount((rate * (now - this.readAt)) / SECOND_MS, random);
    this.readAt = now;
    return this.carried;
  }
}
