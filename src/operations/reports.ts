import type { BackendReport, CarriedReport, MoveOrder, PoolReport } from "./desk.ts";

/** What one worker answered to an order. */
export interface WorkerReport {
  readonly worker: number;
  readonly report: PoolReport;
}

/** What one worker was asked to answer; nothing where it serves, but has not answered in time: it is frozen, or very busy. */
export interface WorkerAnswer {
  readonly worker: number;
  readonly report: PoolReport | undefined;
}

const NOTHING: BackendReport = { load: 0, left: 0, leaving: 0, moved: 0, failures: 0 };

/** What all workers answered, and what has changed since they answered before. */
export class Reported {
  /** Of who has not answered what it said before. */
  readonly reports: readonly WorkerReport[];
  /** Whether there is a worker that has not answered this time. */
  readonly isLate: boolean;
  /** Whether there is a worker that has never answered: nobody knows what it has. */
  readonly isPartial: boolean;
  /** Clients of the pool that found no place since. */
  readonly refused: number;
  private readonly before: Reported | undefined;

  constructor(answers: readonly WorkerAnswer[], before: Reported | undefined) {
    this.reports = answers.flatMap(({ worker, report }) => {
      const known = report ?? lastOf(worker, before);
      return known === undefined ? [] : [{ worker, report: known }];
    });
    this.isLate = answers.some(({ report }) => report === undefined);
    this.isPartial = this.reports.length < answers.length;
    // What is older than the last one does not matter, and must not be kept.
    this.before = before === undefined ? undefined : new Reported(before.reports, undefined);
    this.refused = this.grown(({ refused }) => refused);
  }

  /** Over all workers. */
  of(backend: string): BackendReport {
    return this.reports.reduce((sum, { report }) => {
      const one = report.backends[backend];
      return one === undefined
        ? sum
        : {
            load: sum.load + one.load,
            left: sum.left + one.left,
            leaving: sum.leaving + one.leaving,
            moved: sum.moved + one.moved,
            failures: sum.failures + one.failures,
          };
    }, NOTHING);
  }

  /** What the tunnels of a backend carry, over all workers; undefined where nobody was asked, or nobody weighs them. */
  carriedOf(backend: string): CarriedReport | undefined {
    const parts = this.reports.flatMap(({ report }) => report.backends[backend]?.carried ?? []);
    if (parts.length === 0) return undefined;
    return {
      all: parts.reduce((sum, { all }) => sum + all, 0),
      moved: parts.reduce((sum, { moved }) => sum + moved, 0),
      offers: parts.flatMap(({ offers }) => offers),
      // All have heard the same, but for one that has just begun.
      strain: parts.reduce((sum, { strain }) => sum + strain, 0) / parts.length,
    };
  }

  /** Tunnels that were moved, of all backends. */
  get moved(): number {
    return this.reports.reduce((total, { report }) => total + sumOf(report.backends, ({ moved }) => moved), 0);
  }

  /** Failures since the answer before, of all backends but this one. */
  failuresBesides(backend: string): number {
    return this.grown(({ backends }) => {
      const { [backend]: _own, ...others } = backends;
      return sumOf(others, ({ failures }) => failures);
    });
  }

  /** How much a count has grown in the workers that answered both times. */
  private grown(count: (report: PoolReport) => number): number {
    const { before } = this;
    if (before === undefined) return 0;
    return this.reports.reduce((total, { worker, report }) => {
      const old = before.reports.find((one) => one.worker === worker);
      return old === undefined ? total : total + count(report) - count(old.report);
    }, 0);
  }
}

/** What a worker has said before, and has not done since. */
function lastOf(worker: number, before: Reported | undefined): PoolReport | undefined {
  const last = before?.reports.find((one) => one.worker === worker)?.report;
  if (last === undefined) return undefined;
  const backends = Object.entries(last.backends).map(([name, report]): [string, BackendReport] => [
    name,
    { ...report, moved: 0, carried: undefined },
  ]);
  return { ...last, backends: Object.fromEntries(backends) };
}

/** Gives each worker its part of an order, in proportion to what it has left. */
export function shareOutOrder(order: MoveOrder, reports: readonly WorkerReport[]): ReadonlyMap<number, MoveOrder> {
  const parts = new Map<number, Record<string, number>>();
  for (const [backend, count] of Object.entries(order.counts)) {
    const left = reports.map(({ report }) => report.backends[backend]?.left ?? 0);
    for (const [at, part] of shareOut(count, left).entries()) {
      const worker = reports[at]?.worker;
      if (worker === undefined || part === 0) continue;
      parts.set(worker, { ...parts.get(worker), [backend]: part });
    }
  }
  return new Map([...parts].map(([worker, counts]) => [worker, { ...order, counts }]));
}

/** Whole numbers in proportion to `has`, none above it, that sum up to `count` where there is so much. */
export function shareOut(count: number, has: readonly number[]): number[] {
  const total = has.reduce((all, one) => all + one, 0);
  const wanted = Math.min(count, total);
  let seen = 0;
  let given = 0;
  return has.map((one) => {
    seen += one;
    // The rounded part of all up to here, less what those before have got: what is rounded off is made up for at once.
    const part = total === 0 ? 0 : Math.round((wanted * seen) / total) - given;
    given += part;
    return part;
  });
}

function sumOf(backends: PoolReport["backends"], count: (report: BackendReport) => number): number {
  return Object.values(backends).reduce((total, one) => total + count(one), 0);
}
