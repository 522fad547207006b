import { detachedEntry } from "../base/index.ts";
import type { Clock, Logger, Random, Wheel, WheelEntry } from "../base/index.ts";
import type { BackendConfig, PoolConfig } from "../config/index.ts";
import { beginProbe, initialHealth, observeHealth, observeProbe, takesNewWork } from "../health/index.ts";
import type { HealthChange, HealthSignal, HealthState } from "../health/index.ts";
import type { TellEvent } from "../operations/index.ts";
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
  readonly tell: TellEvent;
}

interface Entry {
  pool: PoolConfig;
  backend: BackendConfig;
  readonly timer: WheelEntry;
  state: HealthState;
}

/** The one truth about backends' health: hears what all workers see, probes who is ill, and tells everybody of changes. */
export class HealthBoard {
  private readonly world: HealthWorld;
  /** By the pool's name, then by the backend's. */
  private entries: ReadonlyMap<string, ReadonlyMap<string, Entry>> = new Map();
  private readonly stopping = new AbortController();

  constructor(pools: readonly PoolConfig[], world: HealthWorld) {
    this.world = world;
    this.update(pools);
  }

  /** Goes by other pools from now on. What is known of a backend stays with its name. */
  update(pools: readonly PoolConfig[]): void {
    const before = this.entries;
    const now = this.world.clock.now();
    this.entries = new Map(
      pools.map((pool) => {
        const old = before.get(pool.name);
        const entries = pool.backends.map((backend): [string, Entry] => {
          const entry = old?.get(backend.name);
          return [backend.name, entry === undefined ? this.newEntry(pool, backend, now) : regard(entry, pool, backend)];
        });
        return [pool.name, new Map(entries)];
      }),
    );
    for (const entry of all(before)) if (!this.has(entry)) this.world.wheel.remove(entry.timer);
  }

  /** Something was seen of a backend. */
  observe(pool: string, backend: string, signal: HealthSignal): void {
    const entry = this.entries.get(pool)?.get(backend);
    // What is still told of one that has been removed does not matter any more.
    if (entry === undefined) return;
    const { clock, random } = this.world;
    this.apply(entry, observeHealth(entry.state, signal, clock.now(), entry.pool.health, random));
  }

  /** Undefined for one that is not in the pool. */
  stateOf(pool: string, backend: string): HealthState | undefined {
    return this.entries.get(pool)?.get(backend)?.state;
  }

  /** What a new worker has to know. */
  notices(): HealthNotice[] {
    return all(this.entries).map(noticeOf);
  }

  /** Probes nobody any more; probes under way are given up. */
  stop(): void {
    this.stopping.abort();
    for (const entry of all(this.entries)) this.world.wheel.remove(entry.timer);
  }

  private newEntry(pool: PoolConfig, backend: BackendConfig, now: number): Entry {
    const timer = detachedEntry(() => this.probe(entry));
    const entry: Entry = { pool, backend, timer, state: initialHealth(now) };
    return entry;
  }

  private has(entry: Entry): boolean {
    return this.entries.get(entry.pool.name)?.get(entry.backend.name) === entry;
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
    const { logger, tell } = this.world;
    if (state.status === "unhealthy") {
      logger.warn(fields, "backend is unhealthy");
      tell("backend-unhealthy", `${backend.name} is unhealthy: ${state.reason}`, fields);
    } else if (state.status === "healthy") {
      logger.info(fields, "backend is healthy again");
      tell("backend-healthy", `${backend.name} is healthy again`, fields);
    } else logger.debug(fields, "backend is probed");
  }

  private schedule({ timer, state }: Entry): void {
    if (!this.stopping.signal.aborted) this.world.wheel.add(timer, Math.max(1, state.probeAt - this.world.clock.now()));
  }

  /** Called when a probe is due. */
  private probe(entry: Entry): number {
    const { clock, logger, random } = this.world;
    if (entry.state.status === "healthy") return 0;
    this.apply(entry, beginProbe(entry.state, clock.now(), entry.pool.health));
    void this.ask(entry).then((failure) => {
      if (this.stopping.signal.aborted || !this.has(entry)) return;
      const { pool, backend } = entry;
      if (failure !== undefined)
        logger.debug({ pool: pool.name, backend: backend.name }, `a probe failed: ${failure.reason}`);
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

function all(entries: ReadonlyMap<string, ReadonlyMap<string, Entry>>): Entry[] {
  return [...entries.values()].flatMap((ofPool) => [...ofPool.values()]);
}

/** What is known stays, what is said of it changes. */
function regard(entry: Entry, pool: PoolConfig, backend: BackendConfig): Entry {
  entry.pool = pool;
  entry.backend = backend;
  return entry;
}

function noticeOf({ pool, backend, state }: Entry): HealthNotice {
  const watched = state.status === "healthy" && (state.failures > 0 || pool.health.failureRate !== "off");
  return { pool: pool.name, backend: backend.name, healthy: takesNewWork(state), watched };
}
