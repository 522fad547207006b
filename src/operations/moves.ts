import type { Move } from "../admin/index.ts";
import { isHashing } from "../affinity/index.ts";
import { balanceMeasures } from "../balancing/index.ts";
import { FairleadError } from "../base/index.ts";
import type { DrainOptions, PoolConfig, RebalanceOptions } from "../config/index.ts";
import { Counter, sumTallies } from "../metrics/index.ts";
import type { Tally } from "../metrics/index.ts";
import { DrainCourse, RebalanceCourse } from "../moves/index.ts";
import type { RebalanceTerms } from "../moves/index.ts";

import { runDrain } from "./drain-run.ts";
import { look } from "./moving.ts";
import type { MovesWorld, Running } from "./moving.ts";
import { runRebalance, watchLoads } from "./rebalance-run.ts";

/** Moves that have ended and can still be looked at. */
const ENDED_MAX = 50;
const SECONDS_PER_MINUTE = 60;

type By = Move["by"];

/** How a move is begun. */
interface Beginning extends Pick<Move, "kind" | "pool" | "backend" | "by" | "evens"> {
  readonly terms: Pick<DrainOptions, "rate" | "waitIdle" | "deadline">;
}

/** Ends tunnels at a pace: drains of single backends, and rebalances of pools. Each goes on by itself until it is done. */
export class Moves {
  private readonly world: MovesWorld;
  private readonly running = new Map<string, Running>();
  private readonly ended: Move[] = [];
  /** Tunnels that moves which are over have ended, by kind and pool. */
  private readonly moved = new Counter();
  /** The pools that are watched for a rebalance of their own. */
  private readonly watched = new Map<string, { readonly terms: RebalanceTerms; readonly stop: AbortController }>();
  private lastId = 0;

  constructor(world: MovesWorld) {
    this.world = world;
  }

  /** Those that run, and the latest that have ended. */
  list(): readonly Move[] {
    return [...Array.from(this.running.values(), ({ move }) => move), ...this.ended];
  }

  /** The drain of a backend that runs now. */
  drainOf(pool: string, backend: string): Move | undefined {
    return this.find((move) => move.kind === "drain" && move.pool === pool && move.backend === backend);
  }

  /**
   * Begins to end the tunnels of a backend that gets nothing new any more. One that runs already is replaced.
   *
   * @param terms the pool's own, with what an operator said over them
   */
  async drain(pool: string, backend: string, terms: DrainOptions, by: By): Promise<Move> {
    const { clock, random } = this.world;
    const first = await look(this.world, "drain", pool);
    const before = this.drainOf(pool, backend);
    if (before !== undefined) this.cancel(before.id);
    const { left, leaving } = first.of(backend);
    const running = this.begin({ kind: "drain", pool, backend, by, evens: null, terms }, left);
    running.note({ left: left + leaving });
    const course = new DrainCourse(terms, clock.now(), random);
    this.run(running, runDrain(this.world, running, backend, course, first));
    return running.move;
  }

  /**
   * Moves what a pool's backends have above their share.
   *
   * @throws FairleadError CONFLICT when one runs already, or the pool hashes
   */
  rebalance(pool: PoolConfig, options: RebalanceOptions, by: By): Move {
    if (isHashed(pool))
      throw conflict(`The pool ${pool.name} hashes: a tunnel that is moved would come back to where it was.`);
    const other = this.rebalanceOf(pool.name);
    if (other !== undefined) throw conflict(`The pool ${pool.name} is being rebalanced already, by ${other.id}.`);
    const { clock, random } = this.world;
    const terms = termsOf(pool, options);
    const running = this.begin(beginningOf(pool.name, terms, by));
    const course = new RebalanceCourse(terms, clock.now(), random, true);
    this.run(running, runRebalance(this.world, running, course));
    return running.move;
  }

  /** @throws FairleadError NOT_FOUND; CONFLICT when it has ended already */
  cancel(id: string): Move {
    const running = this.running.get(id);
    if (running !== undefined) {
      running.end("cancelled");
      return running.move;
    }
    if (this.ended.some((move) => move.id === id)) throw conflict(`The move ${id} has ended already.`);
    throw new FairleadError("NOT_FOUND", `There is no move ${id}; it may have ended long ago.`);
  }

  /** Watches the pools that have a `rebalance` of their own, as the configuration says by now. */
  watch(): void {
    const { pools } = this.world.config();
    for (const [name, { terms, stop }] of this.watched) {
      if (JSON.stringify(wantedOf(pools[name])) === JSON.stringify(terms)) continue;
      stop.abort();
      this.watched.delete(name);
    }
    for (const pool of Object.values(pools)) {
      const terms = wantedOf(pool);
      if (terms !== undefined && !this.watched.has(pool.name)) this.watchPool(pool.name, terms);
    }
  }

  /** What moves have still to do, and have done, by kind and pool. */
  tallies(): { readonly movesLeft: Tally; readonly moved: Tally } {
    const moves = Array.from(this.running.values(), ({ move }) => move);
    const sumOf = (count: (move: Move) => number): Tally => {
      const counter = new Counter();
      for (const move of moves) counter.add([move.kind, move.pool], count(move));
      return counter.snapshot();
    };
    return {
      movesLeft: sumOf(({ left }) => left),
      moved: sumTallies([this.moved.snapshot(), sumOf(({ moved }) => moved)]),
    };
  }

  /** Ends all moves where they are. */
  stop(): void {
    for (const { stop } of this.watched.values()) stop.abort();
    this.watched.clear();
    for (const running of this.running.values()) running.end("cancelled");
  }

  private watchPool(pool: string, terms: RebalanceTerms): void {
    const { clock, random } = this.world;
    const stop = new AbortController();
    this.watched.set(pool, { terms, stop });
    const course = new RebalanceCourse(terms, clock.now(), random);
    const { interval } = terms;
    const begin = (): Running => this.begin(beginningOf(pool, terms, "pool"));
    const isTaken = (): boolean => this.rebalanceOf(pool) !== undefined;
    // It rejects when it is stopped, which is how it ends.
    watchLoads(this.world, { pool, course, interval, signal: stop.signal, begin, isTaken }).catch(() => {});
  }

  private rebalanceOf(pool: string): Move | undefined {
    return this.find((move) => move.kind === "rebalance" && move.pool === pool);
  }

  private find(fits: (move: Move) => boolean): Move | undefined {
    return Array.from(this.running.values(), ({ move }) => move).find(fits);
  }

  /** A move that is stopped rejects, when it has ended already. */
  private run(running: Running, steps: Promise<void>): void {
    steps.catch(() => running.end("cancelled"));
  }

  /** @param total tunnels that are to be moved, as far as that is known */
  private begin({ kind, pool, backend, by, evens, terms }: Beginning, total = 0): Running {
    const { clock } = this.world;
    this.lastId += 1;
    const wall = clock.wall();
    const stop = new AbortController();
    let move: Move = {
      id: `${kind === "drain" ? "d" : "r"}${this.lastId}`,
      kind,
      pool,
      backend,
      state: "running",
      by,
      evens,
      started: new Date(wall).toISOString(),
      ended: null,
      total,
      moved: 0,
      left: total,
      rate: terms.rate,
      currentRate: terms.rate,
      slowedBy: null,
      waitIdleMs: terms.waitIdle === "off" ? null : terms.waitIdle,
      deadline: terms.deadline === "off" ? null : new Date(wall + terms.deadline).toISOString(),
    };
    const running: Running = {
      get move() {
        return move;
      },
      signal: stop.signal,
      note: (change) => void (move = { ...move, ...change }),
      end: (state) => {
        if (stop.signal.aborted) return;
        move = { ...move, state, ended: new Date(clock.wall()).toISOString(), currentRate: 0 };
        stop.abort();
        this.hasEnded(move);
      },
    };
    this.running.set(move.id, running);
    this.world.tell("move-started", move);
    return running;
  }

  private hasEnded(move: Move): void {
    this.running.delete(move.id);
    this.moved.add([move.kind, move.pool], move.moved);
    if (move.kind === "rebalance") this.world.shed(move.pool, []);
    this.ended.unshift(move);
    this.ended.length = Math.min(this.ended.length, ENDED_MAX);
    this.world.tell("move-ended", move);
  }
}

/** A pool where the request decides which backend is taken. */
function isHashed({ balance, affinity }: PoolConfig): boolean {
  return isHashing(balance) || isHashing(affinity);
}

function wantedOf(pool: PoolConfig | undefined): RebalanceTerms | undefined {
  if (pool === undefined || pool.rebalance === "off" || isHashed(pool)) return undefined;
  return termsOf(pool, pool.rebalance);
}

/** What the balancing method compares is evened where a sum of what tunnels come to; else it is their number. */
function termsOf({ balance }: PoolConfig, options: RebalanceOptions): RebalanceTerms {
  const goesByTraffic = balanceMeasures(balance).activity !== undefined;
  return { ...options, evens: options.evens === "method" && goesByTraffic ? "carried" : "tunnels" };
}

function beginningOf(pool: string, { perMinute, evens }: RebalanceTerms, by: By): Beginning {
  const terms = { rate: perMinute / SECONDS_PER_MINUTE, waitIdle: "off", deadline: "off" } as const;
  return { kind: "rebalance", pool, backend: null, by, evens, terms };
}

function conflict(message: string): FairleadError {
  return new FairleadError("CONFLICT", message);
}
