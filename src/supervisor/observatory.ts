import type { Clock } from "../base/index.ts";
import { Counter, Flows, History, SAMPLE_INTERVAL_MS, sumMeasures, UNEVENTFUL } from "../metrics/index.ts";
import type { InstanceReading, Measures, Sample, Status, Tally, WorkerReading } from "../metrics/index.ts";
import type { TellEvent } from "../operations/index.ts";

import { expose } from "./exposition.ts";
import type { Exposition } from "./exposition.ts";
import type { Facts } from "./metric.ts";
import type { PastCounts } from "./past-counts.ts";
import { ProcessMeter } from "./process-meter.ts";
import { describeRehoming, massLosses, massRehomings } from "./mass-events.ts";
import type { Seat } from "./seat.ts";

/** What an observatory looks at. */
export interface ObservatoryWorld {
  readonly clock: Clock;
  /** Whether workers are processes of their own. */
  readonly remote: boolean;
  readonly seats: ReadonlyMap<number, Seat>;
  readonly past: PastCounts;
  /** Asks all workers what they count. */
  status(): Promise<Status>;
  /** Where operators are told of what has happened. */
  readonly tell: TellEvent;
  /** What only the supervisor knows of the instance. */
  instance(): Partial<InstanceReading>;
}

/** Puts together what is measured all over an instance, and keeps what it did in the last hour. */
export class Observatory {
  /** What tunnels carry a second, by backend. */
  readonly flows = new Flows();
  private readonly world: ObservatoryWorld;
  private readonly kept = new History();
  private readonly own: ProcessMeter | undefined;
  private readonly reloads = new Counter();
  private reloadFailed = false;
  private restarts = 0;
  /** As counted at the last sample. */
  private rehomings: Tally = [];
  private closed: Tally = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(world: ObservatoryWorld) {
    this.world = world;
    this.own = world.remote ? new ProcessMeter(world.clock) : undefined;
  }

  /** Begins to take samples. */
  start(): void {
    this.timer = setInterval(() => void this.sample(), SAMPLE_INTERVAL_MS).unref();
    void this.sample();
  }

  stop(): void {
    clearInterval(this.timer);
    this.own?.stop();
  }

  /** A worker has ended unexpectedly and is replaced. */
  workerRestarted(): void {
    this.restarts += 1;
  }

  /** A reload of the configuration is over. */
  reloaded(outcome: "reloaded" | "unchanged" | "failed"): void {
    this.reloads.add([outcome]);
    this.reloadFailed = outcome === "failed";
  }

  /** Everything that is known now. */
  async facts(): Promise<Facts> {
    const { world } = this;
    const status = await world.status();
    const told = [...world.seats.values()].flatMap(({ id, counts }) => (counts === undefined ? [] : [{ id, counts }]));
    const workers: WorkerReading[] = told.map(({ id, counts }) => ({
      id: String(id),
      process: counts.metrics.process,
    }));
    if (this.own !== undefined) workers.push({ id: "supervisor", process: this.own.read() });
    return {
      status,
      measures: sumMeasures([world.past.measures, ...told.map(({ counts }) => counts.metrics)]),
      workers,
      instance: {
        ...UNEVENTFUL,
        workerRestarts: this.restarts,
        reloads: this.reloads.snapshot(),
        reloadFailed: this.reloadFailed,
        ...world.instance(),
      },
    };
  }

  /** All metrics in the text form of Prometheus. @param accept the scraper's Accept header */
  async metrics(accept?: string): Promise<Exposition> {
    return expose(await this.facts(), accept);
  }

  /** Samples of the last hour, oldest first. @param since only younger ones; milliseconds since the epoch */
  history(since?: number): readonly Sample[] {
    return this.kept.since(since);
  }

  private async sample(): Promise<void> {
    const { status, measures } = await this.facts();
    const { clock } = this.world;
    this.flows.add(clock.now(), measures.totals);
    this.kept.add({ wall: clock.wall(), now: clock.now(), status, measures });
    this.tellMassEvents(measures.totals);
  }

  private tellMassEvents({ rehomings, tunnelsClosed }: Measures["totals"]): void {
    for (const { pool, backend, lost } of massLosses(this.closed, tunnelsClosed)) {
      this.world.tell("tunnels-lost", `${lost} tunnels were lost with ${backend}`, { pool, backend, lost });
    }
    for (const mass of massRehomings(this.rehomings, rehomings)) {
      this.world.tell("tunnels-rehomed", describeRehoming(mass), { ...mass });
    }
    this.rehomings = rehomings;
    this.closed = tunnelsClosed;
  }
}
