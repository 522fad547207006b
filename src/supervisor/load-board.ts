import type { LoadChange } from "./messages.ts";

/** Loads of backends: by pool, then by name. What is not there is 0. */
type Loads = Map<string, Map<string, number>>;

/** What every worker has on every backend, so that each can be told what the others have. */
export class LoadBoard {
  private readonly totals: Loads = new Map();
  private readonly byWorker = new Map<number, Loads>();

  addWorker(worker: number): void {
    this.byWorker.set(worker, new Map());
  }

  /** Takes over a worker's own load of one backend. */
  set(worker: number, [pool, backend, load]: LoadChange): void {
    const own = this.byWorker.get(worker);
    if (own === undefined) return;
    const change = load - get(own, pool, backend);
    put(own, pool, backend, load);
    put(this.totals, pool, backend, this.total(pool, backend) + change);
  }

  /** What all workers have on one backend. */
  total(pool: string, backend: string): number {
    return get(this.totals, pool, backend);
  }

  /** What one worker has on one backend. */
  own(worker: number, pool: string, backend: string): number {
    const loads = this.byWorker.get(worker);
    return loads === undefined ? 0 : get(loads, pool, backend);
  }

  /** What the others have on one backend. */
  others(worker: number, pool: string, backend: string): number {
    return this.total(pool, backend) - this.own(worker, pool, backend);
  }

  /** What the others have on every backend where they have something. */
  allOthers(worker: number): LoadChange[] {
    return entries(this.totals)
      .map(([pool, backend]): LoadChange => [pool, backend, this.others(worker, pool, backend)])
      .filter(([, , load]) => load !== 0);
  }

  /** Gives back what a worker that has ended had. Returns the backends that this changes. */
  removeWorker(worker: number): LoadChange[] {
    const had = entries(this.byWorker.get(worker) ?? new Map());
    for (const [pool, backend] of had) this.set(worker, [pool, backend, 0]);
    this.byWorker.delete(worker);
    return had;
  }
}

function get(loads: Loads, pool: string, backend: string): number {
  return loads.get(pool)?.get(backend) ?? 0;
}

function put(loads: Loads, pool: string, backend: string, load: number): void {
  let ofPool = loads.get(pool);
  if (ofPool === undefined) {
    ofPool = new Map();
    loads.set(pool, ofPool);
  }
  // Backends come and go for as long as an instance lives; those without anything need not be remembered.
  if (load === 0) ofPool.delete(backend);
  else ofPool.set(backend, load);
}

function entries(loads: Loads): LoadChange[] {
  return [...loads].flatMap(([pool, ofPool]) =>
    [...ofPool].map(([backend, load]): LoadChange => [pool, backend, load]),
  );
}
