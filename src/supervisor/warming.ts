import { nextStepAt, slowStartFactor } from "../admission/index.ts";
import { backendKey, detachedEntry } from "../base/index.ts";
import type { Clock, Milliseconds, Wheel, WheelEntry } from "../base/index.ts";
import type { PoolConfig } from "../config/index.ts";

import type { HealthNotice, Warmth } from "./messages.ts";

/** What slow start needs of its instance. */
export interface WarmingWorld {
  readonly clock: Clock;
  readonly wheel: Wheel;
  /** Tells all workers. */
  readonly tell: (warmth: Warmth) => void;
}

/** A backend that warms up. */
interface Start {
  readonly pool: string;
  readonly backend: string;
  readonly since: Milliseconds;
  readonly timer: WheelEntry;
}

/**
 * Slow start: a backend that is new in a running instance, or well again, begins with a tenth of its weight. What is there
 * when the instance starts is not new.
 */
export class Warming {
  private readonly world: WarmingWorld;
  private pools: ReadonlyMap<string, PoolConfig>;
  private readonly ill = new Set<string>();
  private readonly starts = new Map<string, Start>();

  constructor(pools: readonly PoolConfig[], world: WarmingWorld) {
    this.world = world;
    this.pools = byName(pools);
  }

  /** Goes by these pools from now on. */
  update(pools: readonly PoolConfig[]): void {
    const before = this.pools;
    this.pools = byName(pools);
    for (const { pool, backend } of this.starts.values()) if (!has(this.pools, pool, backend)) this.stop(pool, backend);
    for (const { name, backends } of pools) {
      for (const backend of backends) if (!has(before, name, backend.name)) this.begin(name, backend.name);
    }
  }

  /** A backend's health has changed, or whether successes count. */
  noticed({ pool, backend, healthy }: HealthNotice): void {
    const key = backendKey(pool, backend);
    if (!healthy) {
      this.ill.add(key);
      this.stop(pool, backend);
    } else if (this.ill.delete(key)) this.begin(pool, backend);
  }

  /** Goes on where the process before was: in monotonic time of this one. */
  inherit(pool: string, backend: string, since: Milliseconds): void {
    const key = backendKey(pool, backend);
    if (this.starts.get(key)?.since === since) return;
    if (has(this.pools, pool, backend) && !this.ill.has(key)) this.begin(pool, backend, since);
  }

  /** Since when a backend warms up, and until when, in monotonic time; undefined for one that does not. */
  of(
    pool: string,
    backend: string,
  ): { readonly share: number; readonly since: number; readonly until: number } | undefined {
    const start = this.starts.get(backendKey(pool, backend));
    const duration = this.durationOf(pool);
    if (start === undefined || duration === "off") return undefined;
    const [, , share] = this.warmthOf(start);
    return { share, since: start.since, until: start.since + duration };
  }

  /** What a new worker has to know. */
  warmths(): Warmth[] {
    return [...this.starts.values()].map((start) => this.warmthOf(start));
  }

  private begin(pool: string, backend: string, since: Milliseconds = this.world.clock.now()): void {
    this.stop(pool, backend);
    this.ill.delete(backendKey(pool, backend));
    const start: Start = { pool, backend, since, timer: detachedEntry(() => this.step(start)) };
    if (this.nextStep(start) === undefined) return;
    this.starts.set(backendKey(pool, backend), start);
    this.world.wheel.add(start.timer, this.step(start));
  }

  private stop(pool: string, backend: string): void {
    const start = this.starts.get(backendKey(pool, backend));
    if (start === undefined) return;
    this.world.wheel.remove(start.timer);
    this.starts.delete(backendKey(pool, backend));
    this.world.tell([pool, backend, 1]);
  }

  /** Tells what goes now. Returns the time until the next step; 0 when it is warm. */
  private step(start: Start): Milliseconds {
    this.world.tell(this.warmthOf(start));
    const next = this.nextStep(start);
    if (next !== undefined) return next - this.world.clock.now();
    this.starts.delete(backendKey(start.pool, start.backend));
    return 0;
  }

  private nextStep({ pool, since }: Start): Milliseconds | undefined {
    return nextStepAt(since, this.world.clock.now(), this.durationOf(pool));
  }

  private warmthOf({ pool, backend, since }: Start): Warmth {
    return [pool, backend, slowStartFactor(since, this.world.clock.now(), this.durationOf(pool))];
  }

  private durationOf(pool: string): Milliseconds | "off" {
    return this.pools.get(pool)?.admission.slowStart ?? "off";
  }
}

function byName(pools: readonly PoolConfig[]): ReadonlyMap<string, PoolConfig> {
  return new Map(pools.map((pool) => [pool.name, pool]));
}

function has(pools: ReadonlyMap<string, PoolConfig>, pool: string, backend: string): boolean {
  return pools.get(pool)?.backends.some(({ name }) => name === backend) === true;
}
