import type { Random } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { BalanceInput } from "../../src/balancing/index.ts";
import type { PoolConfig } from "../../src/config/index.ts";
import { addReadings, NO_READING, Pool } from "../../src/pool/index.ts";
import type { Backend, BackendReading, Reading } from "../../src/pool/index.ts";
import type { SimulatedBackend } from "./backend.ts";
import { drawCount } from "./draws.ts";

/** Bytes of a message, as they are on the wire. */
const MESSAGE_BYTES = 256;
/** A tunnel's heartbeats come back so often, in seconds. */
const HEARTBEAT_EVERY = 30;
const POOL = "simulated";

/** What a worker has to do with one backend. */
interface Share {
  open: number;
  /** Messages a second, and in sum. */
  rate: number;
  messages: number;
}

/** The pool as the configuration has it. */
export function poolConfig(balance: BalanceInput, backends: readonly SimulatedBackend[]): PoolConfig {
  const list = backends.map(({ name, active }) => ({
    url: name,
    state: active ? ("active" as const) : ("draining" as const),
  }));
  const pool = parseConfig({ pools: { [POOL]: { backends: list, balance } }, defaultPool: POOL }).config.pools[POOL];
  if (pool === undefined) throw new TypeError("the configuration has no pool");
  return pool;
}

/** One worker: the pool that fairlead's workers have, and what flows through its tunnels. */
export class SimulatedWorker {
  readonly pool: Pool;
  private readonly shares = new Map<string, Share>();
  private readonly reports: boolean;
  private readonly random: Random;
  private readonly changed = new Set<string>();

  /**
   * @param traits.workers how many there are
   * @param traits.reports whether backends say how busy they are
   * @param now simulated milliseconds
   * @param dice what the balancing method draws from
   * @param random what backends and tunnels draw from
   */
  constructor(
    config: PoolConfig,
    { workers, reports }: { readonly workers: number; readonly reports: boolean },
    now: () => number,
    dice: Random,
    random: Random,
  ) {
    this.reports = reports;
    this.random = random;
    this.pool = new Pool(config, "simulated", {
      clock: { now, wall: now },
      random: dice,
      workers,
      onWant: () => {},
      onLoad: (_pool, { name }) => void this.changed.add(name),
    });
  }

  /** Places a tunnel. */
  open(room: string, rate: number, backends: ReadonlyMap<string, SimulatedBackend>): Backend | undefined {
    const facts = { path: room, query: "", headers: [], host: undefined, clientAddress: room, secure: false };
    const backend = this.pool.pick({ kind: "tunnel", facts: facts, failed: [] });
    const simulated = backendOf(backends, backend?.name);
    if (backend === undefined || simulated === undefined) return undefined;
    this.pool.acquire(backend);
    this.pool.noteHandshake(backend, simulated.handshake(this.random));
    if (this.reports) this.pool.noteReport(backend, simulated.busy);
    this.shareOf(backend.name).open += 1;
    simulated.open += 1;
    this.changeRate(backend, simulated, rate);
    return backend;
  }

  close(backend: Backend, rate: number, backends: ReadonlyMap<string, SimulatedBackend>): void {
    this.pool.release(backend);
    this.shareOf(backend.name).open -= 1;
    const simulated = backendOf(backends, backend.name);
    if (simulated === undefined) return;
    simulated.open -= 1;
    this.changeRate(backend, simulated, -rate);
  }

  /** A tunnel carries more, or less, from now on. */
  changeRate({ name }: Backend, simulated: SimulatedBackend, change: number): void {
    this.shareOf(name).rate += change;
    simulated.rate += change;
  }

  /** Loads that have changed since the last time. */
  takeLoads(): (readonly [backend: string, load: number])[] {
    const loads = [...this.changed].map((name) => [name, this.pool.backend(name)?.own ?? 0] as const);
    this.changed.clear();
    return loads;
  }

  /** A second is over: what its tunnels carried in it is measured, and their heartbeats come back. */
  look(backends: ReadonlyMap<string, SimulatedBackend>): BackendReading[] {
    for (const [name, share] of this.shares) {
      share.messages += drawCount(Math.max(0, share.rate), this.random);
      const [backend, simulated] = [this.pool.backend(name), backends.get(name)];
      if (backend === undefined || simulated === undefined) continue;
      const heartbeats = drawCount(share.open / HEARTBEAT_EVERY, this.random);
      for (let i = 0; i < heartbeats; i += 1) this.pool.noteRoundTrip(backend, simulated.roundTrip(this.random));
    }
    if (!this.pool.isMeasured) return [];
    return this.pool.look(1000, ({ name }) => {
      const { messages } = this.shareOf(name);
      return {
        messages: { fromClient: messages, fromBackend: messages },
        bytes: { fromClient: messages * MESSAGE_BYTES, fromBackend: messages * MESSAGE_BYTES },
      };
    });
  }

  private shareOf(name: string): Share {
    let share = this.shares.get(name);
    if (share === undefined) this.shares.set(name, (share = { open: 0, rate: 0, messages: 0 }));
    return share;
  }
}

/** What every worker is told of the others' readings. */
export function exchange(workers: readonly SimulatedWorker[], readings: readonly (readonly BackendReading[])[]): void {
  for (const [place, worker] of workers.entries()) {
    const sums = new Map<string, Reading>();
    for (const [from, list] of readings.entries()) {
      if (from === place) continue;
      for (const [, name, reading] of list) sums.set(name, addReadings(sums.get(name) ?? NO_READING, reading));
    }
    worker.pool.setOtherReadings(sums);
  }
}

function backendOf(
  backends: ReadonlyMap<string, SimulatedBackend>,
  name: string | undefined,
): SimulatedBackend | undefined {
  return name === undefined ? undefined : backends.get(name);
}
