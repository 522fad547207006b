import { backendKey } from "../base/index.ts";
import type { Clock, Milliseconds } from "../base/index.ts";
import type { PoolConfig } from "../config/index.ts";
import type { BackendStatus } from "../metrics/index.ts";

/** What a backend is in its pool, whatever its health. */
export interface Standing {
  readonly state: BackendStatus["state"];
  /** Since the epoch. */
  readonly since: Milliseconds;
}

/** Backends that have been removed and are remembered; what they had has ended long before that many have followed. */
const REMOVED_MAX = 1_000;

/** Since when backends are active, drained or removed. */
export class Standings {
  private readonly clock: Clock;
  private readonly known = new Map<string, Standing>();

  constructor(pools: readonly PoolConfig[], clock: Clock) {
    this.clock = clock;
    this.update(pools);
  }

  /** Goes by these pools from now on. */
  update(pools: readonly PoolConfig[]): void {
    const present = new Set<string>();
    for (const pool of pools) {
      for (const { name, state } of pool.backends) {
        present.add(backendKey(pool.name, name));
        this.note(backendKey(pool.name, name), state);
      }
    }
    for (const key of this.known.keys()) if (!present.has(key)) this.note(key, "removed");
    this.forget();
  }

  /** Goes on from what the process before knew, where it is still so. */
  inherit(pool: string, backend: string, { state, since }: Standing): void {
    const key = backendKey(pool, backend);
    const known = this.known.get(key);
    if (known?.state === state) this.known.set(key, { state, since: Math.min(since, known.since) });
  }

  /** Undefined for one that nobody remembers. */
  of(pool: string, backend: string): Standing | undefined {
    return this.known.get(backendKey(pool, backend));
  }

  private note(key: string, state: Standing["state"]): void {
    if (this.known.get(key)?.state === state) return;
    // Anew at the end, so that those that were removed first are forgotten first.
    this.known.delete(key);
    this.known.set(key, { state, since: this.clock.wall() });
  }

  private forget(): void {
    const removed = [...this.known].filter(([, { state }]) => state === "removed");
    for (const [key] of removed.slice(0, Math.max(0, removed.length - REMOVED_MAX))) this.known.delete(key);
  }
}
