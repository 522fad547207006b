import { detachedEntry } from "../base/index.ts";
import type { Clock, Logger, Random, Wheel, WheelEntry } from "../base/index.ts";
import type { BackendConfig, PoolConfig } from "../config/index.ts";
import { beginProbe, initialHealth, observeHealth, observeProbe, takesNewWork } from "../health/index.ts";
import type { HealthChange, HealthSignal, HealthState } from "../health/index.ts";
import type { probe, ProbeFailure } from "../probes/index.ts";

import type { HealthNotice } from "./messages.ts";

/** What the board needs of its instance. */
export interface HealthWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly wheel: Wheel;
  /** Asks a backend whether it is well. */
  readonly probe: typeof probe;
  /** Told when workers have to treat a backend differently. */
  readonly onNotice: (notice: HealthNotice) => void;
}

interface Entry {
  readonly pool: PoolConfig;
  readonly backend: BackendConfig;
  readonly index: number;
  readonly timer: WheelEntry;
  state: HealthState;
}

/** The one truth about backends' health: hears what all workers see, probes who is ill, and tells everybody of changes. */
export class HealthBoard {
  private readonly world: HealthWorld;
  private readonly entries = new Map<string, readonly Entry[]>();
  private readonly stopping = new AbortController();

  constructor(pools: readonly PoolConfig[], world: HealthWorld) {
    this.world = world;
    const now = world.clock.now();
    for (const pool of pools) {
      const entries = pool.backends.map((backend, index) => {
        const timer = detachedEntry(() => this.probe(pool.name, index));
        return { pool, backend, index, timer, state: initialHealth(now) };
      });
      this.entries.set(pool.name, entries);
    }
  }

  /** Something was seen of a backend. */
  observe(pool: string, index: number, signal: HealthSignal): void {
    const entry = this.entry(pool, index);
    const { clock, random } = this.world;
    this.apply(entry, observeHealth(entry.state, signal, clock.now(), entry.pool.health, random));
  }

  stateOf(pool: string, index: number): HealthState {
    return this.entry(pool, index).state;
  }

  /** What a new worker has to know. */
  notices(): HealthNotice[] {
    return [...this.entries.values()].flat().map(noticeOf);
  }

  /** Probes nobody any more; probes under way are given up. */
  stop(): void {
    this.stopping.abort();
    for (const entry of [...this.entries.values()].flat()) this.world.wheel.remove(entry.timer);
  }

  private entry(pool: string, index: number): Entry {
    const entry = this.entries.get(pool)?.[index];
    if (entry === undefined) throw new RangeError(`there is no backend ${index} in pool ${pool}`);
    return entry;
  }

  private apply(entry: Entry, { state, flipped }: HealthChange): void {
    const before = noticeOf(entry);
    entry.state = state;
    const after = noticeOf(entry);
    if (before.healthy !== after.healthy || before.watched !== after.watched) this.world.onNotice(after);
    if (flipped) this.log(entry);
    if (state.status !== "healthy") this.schedule(entry);
  }

  private log({ pool, backend, state }: Entry): void {
    const fields = { pool: pool.name, backend: backend.name, health: state.status, reason: state.reason };
    if (state.status === "unhealthy") this.world.logger.warn(fields, "backend is unhealthy");
    else if (state.status === "healthy") this.world.logger.info(fields, "backend is healthy again");
    else this.world.logger.debug(fields, "backend is probed");
  }

  private schedule({ timer, state }: Entry): void {
    if (!this.stopping.signal.aborted) this.world.wheel.add(timer, Math.max(1, state.probeAt - this.world.clock.now()));
  }

  /** Called when a probe is due. */
  private probe(pool: string, index: number): number {
    const entry = this.entry(pool, index);
    const { clock, logger, random } = this.world;
    if (entry.state.status === "healthy") return 0;
    this.apply(entry, beginProbe(entry.state, clock.now(), entry.pool.health));
    void this.ask(entry).then((failure) => {
      if (this.stopping.signal.aborted) return;
      if (failure !== undefined)
        logger.debug({ pool, backend: entry.backend.name }, `a probe failed: ${failure.reason}`);
      const signal = failure?.signal ?? "success";
      this.apply(entry, observeProbe(entry.state, signal, clock.now(), entry.pool.health, random));
    });
    return 0;
  }

  /** Never rejects: a probe that cannot even be sent has failed. */
  private async ask({ backend, pool }: Entry): Promise<ProbeFailure | undefined> {
    try {
      return await this.world.probe(backend, pool.tls, pool.health.probe, this.stopping.signal);
    } catch (error) {
      return { signal: "dial-failed", reason: String(error) };
    }
  }
}

function noticeOf({ pool, index, state }: Entry): HealthNotice {
  const watched = state.status === "healthy" && (state.failures > 0 || pool.health.failureRate !== "off");
  return { pool: pool.name, index, healthy: takesNewWork(state), watched };
}
