import type { Move } from "../../src/admin/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { Config, ConfigInput } from "../../src/config/index.ts";
import type { MoveOrder } from "../../src/operations/desk.ts";
import type { MovesWorld } from "../../src/operations/moving.ts";
import type { WorkerAnswer } from "../../src/operations/reports.ts";

interface Sleeper {
  readonly at: number;
  readonly resolve: () => void;
}

/** Workers that are only counted, in a time that only the test moves. */
export interface Simulated extends MovesWorld {
  config: () => Config;
  /** Tunnels of each worker, by backend. What is pinned is not moved. */
  readonly workers: Map<number, Map<string, number>>;
  pinned: number;
  /** Of each worker and backend, on their way out. */
  leaving: number;
  /** Clients that found no place. */
  refused: number;
  readonly unhealthy: Set<string>;
  /** Workers that do not answer. */
  readonly frozen: Set<number>;
  /** Orders that moved something. */
  readonly orders: MoveOrder[];
  readonly shedding: (readonly string[])[];
  readonly told: { readonly type: string; readonly move: Move }[];
  /** Called for each tunnel that is moved; by default its client goes away for good. */
  onMoved: (backend: string) => void;
  total(backend: string): number;
  put(worker: number, backend: string, count: number): void;
  /** Lets time go by, step by step. */
  pass(milliseconds: number): Promise<void>;
}

export const A = "ws://10.0.0.1:8000";
export const B = "ws://10.0.0.2:8000";
export const C = "ws://10.0.0.3:8000";

/** A configuration with a pool `chat`. */
export const configOf = (pool: NonNullable<ConfigInput["pools"]>[string]): Config =>
  parseConfig({ listen: "127.0.0.1:0", admin: "off", pools: { chat: pool } }).config;

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
};

/** A world with two workers and no tunnels. */
export const simulate = (first: Config): Simulated => {
  let now = 1_000;
  let sleepers: Sleeper[] = [];
  const workers = new Map([1, 2].map((id) => [id, new Map<string, number>()]));
  const move = (worker: Map<string, number>, backend: string, wanted: number): number => {
    const has = worker.get(backend) ?? 0;
    const moved = Math.max(0, Math.min(wanted, has - world.pinned));
    worker.set(backend, has - moved);
    for (let at = 0; at < moved; at += 1) world.onMoved(backend);
    return moved;
  };
  const world: Simulated = {
    clock: { now: () => now, wall: () => Date.UTC(2026, 0, 1) + now },
    random: () => 0.5,
    config: () => first,
    workers,
    pinned: 0,
    leaving: 0,
    refused: 0,
    unhealthy: new Set(),
    frozen: new Set(),
    orders: [],
    shedding: [],
    told: [],
    onMoved: () => {},
    isHealthy: (_pool, backend) => !world.unhealthy.has(backend),
    shed: (_pool, backends) => void world.shedding.push(backends),
    tell: (type, told) => void world.told.push({ type, move: told }),
    async order(orderFor) {
      const reports: WorkerAnswer[] = [];
      for (const [id, worker] of workers) {
        if (world.frozen.has(id)) {
          reports.push({ worker: id, report: undefined });
          continue;
        }
        const order = orderFor(id);
        if (Object.keys(order.counts).length > 0) world.orders.push(order);
        const moved = new Map(Object.entries(order.counts).map(([name, count]) => [name, move(worker, name, count)]));
        const backends = [...worker].map(([name, left]) => [
          name,
          { load: left, left, leaving: world.leaving, moved: moved.get(name) ?? 0, failures: 0 },
        ]);
        reports.push({ worker: id, report: { backends: Object.fromEntries(backends), refused: world.refused } });
      }
      return Promise.resolve(reports);
    },
    sleep: (time, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) reject(new Error("stopped"));
        signal.addEventListener("abort", () => reject(new Error("stopped")));
        sleepers.push({ at: now + time, resolve });
      }),
    total: (backend) => [...workers.values()].reduce((sum, worker) => sum + (worker.get(backend) ?? 0), 0),
    put: (worker, backend, count) => void workers.get(worker)?.set(backend, count),
    async pass(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const next = Math.min(...sleepers.map(({ at }) => at));
        if (next > end) break;
        now = next;
        const due = sleepers.filter(({ at }) => at <= now);
        sleepers = sleepers.filter(({ at }) => at > now);
        for (const { resolve } of due) resolve();
        await settle();
      }
      now = end;
    },
  };
  return world;
};
