import { backendKey } from "../base/index.ts";
import type { Clock, Logger, Milliseconds, Random, Wheel } from "../base/index.ts";
import type { PoolConfig } from "../config/index.ts";
import { shiftHealth } from "../health/index.ts";
import type { WorkerCounts } from "../metrics/index.ts";
import type { TellEvent } from "../operations/index.ts";
import { probe } from "../probes/index.ts";

import { HealthBoard } from "./health-board.ts";
import type { HealthWorld } from "./health-board.ts";
import type { BackendKnowledge, KnownBackend } from "./known.ts";
import { gaugeStarts } from "./measured.ts";
import type { ToWorker, WorkerStart } from "./messages.ts";
import { Standings } from "./standing.ts";
import { Warming } from "./warming.ts";

/** What the care of backends needs of its instance. */
export interface CareWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly wheel: Wheel;
  /** Tells all workers. */
  readonly tellWorkers: (message: ToWorker) => void;
  readonly tell: TellEvent;
  readonly onReportedLoad: HealthWorld["onReportedLoad"];
}

/** A calendar that has been set by more than this is followed; less is the unevenness of two clocks. */
const OFFSET_TOLERANCE_MS: Milliseconds = 1_000;

/** In which state backends are, and since when: their health, whether they warm up, and whether they are drained. */
export class Care {
  readonly health: HealthBoard;
  readonly warming: Warming;
  readonly standings: Standings;
  private readonly clock: Clock;
  private inheritedGauges: WorkerStart["gauges"] = [];
  private lastOffset = Number.NaN;

  constructor(pools: readonly PoolConfig[], world: CareWorld) {
    const { tellWorkers, onReportedLoad, ...rest } = world;
    this.clock = world.clock;
    this.standings = new Standings(pools, world.clock);
    this.warming = new Warming(pools, { ...rest, tell: (warmth) => tellWorkers({ type: "warm", warmth }) });
    this.health = new HealthBoard(pools, {
      ...rest,
      probe,
      onNotice: (notice) => {
        this.warming.noticed(notice); // first: who is well again gets nothing before all know how little
        tellWorkers({ type: "health", notice });
      },
      ...(onReportedLoad && { onReportedLoad }),
    });
  }

  /** Goes by other pools from now on. */
  update(pools: readonly PoolConfig[]): void {
    this.health.update(pools);
    this.warming.update(pools);
    this.standings.update(pools);
  }

  /** Goes on from what the process before knew. What is not configured any more is passed over. */
  inherit(known: readonly KnownBackend[]): void {
    const offset = this.offset();
    this.health.inherit(
      known.flatMap(([pool, backend, { health }]) =>
        health === undefined ? [] : [[pool, backend, shiftHealth(health, -offset)] as const],
      ),
    );
    for (const [pool, backend, { warmingSince, standing }] of known) {
      if (warmingSince !== undefined) this.warming.inherit(pool, backend, warmingSince - offset);
      if (standing !== undefined) this.standings.inherit(pool, backend, standing);
    }
    this.inheritedGauges = known.flatMap(([pool, backend, { gauge }]) =>
      gauge === undefined ? [] : [[pool, backend, gauge]],
    );
  }

  /**
   * What the process that replaces this one is to know of the backends of these pools.
   *
   * @param workers what they have last told
   */
  known(pools: readonly PoolConfig[], workers: readonly (WorkerCounts | undefined)[]): KnownBackend[] {
    const gauges = new Map(gaugeStarts(workers).map(([pool, name, start]) => [backendKey(pool, name), start]));
    return pools.flatMap((pool) =>
      pool.backends.map(({ name }): KnownBackend => {
        const gauge = gauges.get(backendKey(pool.name, name));
        return [pool.name, name, { ...this.stateOf(pool.name, name), gauge }];
      }),
    );
  }

  /** What a new worker begins with: what the others have measured, or, before they have, what the process before had. */
  gaugeStarts(workers: readonly (WorkerCounts | undefined)[]): WorkerStart["gauges"] {
    const told = gaugeStarts(workers);
    return told.length > 0 ? told : this.inheritedGauges;
  }

  stop(): void {
    this.health.stop();
  }

  private stateOf(pool: string, backend: string): BackendKnowledge {
    const offset = this.offset();
    const health = this.health.stateOf(pool, backend);
    const warming = this.warming.of(pool, backend);
    return {
      health: health && shiftHealth(health, offset),
      warmingSince: warming && warming.since + offset,
      standing: this.standings.of(pool, backend),
    };
  }

  /** Of the calendar to this process's clock: the same each time, so that what has not changed is told alike. */
  private offset(): Milliseconds {
    const offset = this.clock.wall() - this.clock.now();
    if (!(Math.abs(offset - this.lastOffset) <= OFFSET_TOLERANCE_MS)) this.lastOffset = offset;
    return this.lastOffset;
  }
}
