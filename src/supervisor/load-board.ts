import type { PoolConfig } from "../config/index.ts";

import type { LoadChange } from "./messages.ts";

/** What every worker has on every backend, so that each can be told what the others have. */
export class LoadBoard {
  private readonly totals = new Map<string, Int32Array>();
  private readonly byWorker = new Map<number, Map<string, Int32Array>>();
  private readonly pools: readonly PoolConfig[];

  constructor(pools: readonly PoolConfig[]) {
    this.pools = pools;
    for (const { name, backends } of pools) this.totals.set(name, new Int32Array(backends.length));
  }

  addWorker(worker: number): void {
    const loads = this.pools.map(({ name, backends }) => [name, new Int32Array(backends.length)] as const);
    this.byWorker.set(worker, new Map(loads));
  }

  /** Takes over a worker's own load of one backend. */
  set(worker: number, [pool, index, load]: LoadChange): void {
    const own = this.byWorker.get(worker)?.get(pool);
    const totals = this.totals.get(pool);
    if (own === undefined || totals === undefined) return;
    totals[index] = (totals[index] ?? 0) + load - (own[index] ?? 0);
    own[index] = load;
  }

  /** What the others have on one backend. */
  others(worker: number, pool: string, index: number): number {
    const total = this.totals.get(pool)?.[index] ?? 0;
    return total - (this.byWorker.get(worker)?.get(pool)?.[index] ?? 0);
  }

  /** What the others have on every backend where they have something. */
  allOthers(worker: number): LoadChange[] {
    return this.pools.flatMap(({ name, backends }) =>
      backends
        .map((_, index): LoadChange => [name, index, this.others(worker, name, index)])
        .filter(([, , load]) => load !== 0),
    );
  }

  /** Gives back what a worker that has ended had. Returns the backends that this changes. */
  removeWorker(worker: number): LoadChange[] {
    const had = [...(this.byWorker.get(worker) ?? [])].flatMap(([pool, loads]) =>
      [...loads].map((load, index): LoadChange => [pool, index, load]).filter(([, , load]) => load !== 0),
    );
    for (const [pool, index] of had) this.set(worker, [pool, index, 0]);
    this.byWorker.delete(worker);
    return had;
  }
}
