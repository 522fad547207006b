import type { TunnelFilter, TunnelInfo, TunnelOrder, TunnelPage, TunnelQuery } from "../admin/index.ts";
import { roundToMicroseconds } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { Gateway, TunnelLife } from "../gateway/index.ts";
import { chooseByLoad, chooseToMove } from "../moves/index.ts";
import type { LoadChoice } from "../moves/index.ts";
import type { Backend, Pool } from "../pool/index.ts";

import { Scales } from "./scales.ts";
import type { Weigh } from "./scales.ts";

/** Tunnels that a worker is to end, as part of a move. */
export interface MoveOrder {
  readonly kind: "drain" | "rebalance";
  readonly pool: string;
  /** Most to end of each backend, by its name. */
  readonly counts: Readonly<Record<string, number>>;
  /** Only those without data for so long; 0: any. */
  readonly minIdle: Milliseconds;
  /** Only those that have been with their backend for so long; 0: any. */
  readonly minAge: Milliseconds;
  /** Goes by what tunnels carry, where the pool's balancing method does. */
  readonly bySize?: BySize | undefined;
}

/** How tunnels are taken by what they carry. */
export interface BySize {
  /** What they have to carry each, at most, and together: of each backend, by its name. Where it says nothing none is taken. */
  readonly sizes: Readonly<Record<string, Omit<LoadChoice, "count">>>;
  /** None is ended: what could be is only told. */
  readonly asks: boolean;
}

/** What a worker has of a pool, once it has done what it was told. */
export interface PoolReport {
  /** By the backend's name. */
  readonly backends: Readonly<Record<string, BackendReport>>;
  /** Clients of the pool that found no place, since the worker began. */
  readonly refused: number;
}

/** What a worker has of one backend. */
export interface BackendReport {
  /** Open tunnels, dials and requests in flight. */
  readonly load: number;
  /** Tunnels that nobody has begun to end, and dials that may become tunnels. */
  readonly left: number;
  /** Tunnels that are ending or leave for another backend, and are still here: who ends the backend now cuts them off. */
  readonly leaving: number;
  /** Tunnels that it has begun to end by this order. */
  readonly moved: number;
  /** Dials and requests that failed for the backend's sake, since the worker began. */
  readonly failures: number;
  /** Where the order goes by what tunnels carry. */
  readonly carried?: CarriedReport | undefined;
}

/** What a worker's tunnels with one backend carry, as the pool's balancing method counts it. */
export interface CarriedReport {
  /** By all that nobody has begun to end. */
  readonly all: number;
  /** By those that it has begun to end by this order. */
  readonly moved: number;
  /** By each of those that fit what was asked for. */
  readonly offers: readonly number[];
  /** What the backend says of its own load, as a factor. */
  readonly strain: number;
}

/** What a worker can be asked, and what it answers. */
export interface Questions {
  tunnels: { readonly ask: TunnelQuery; readonly answer: TunnelPage };
  end: { readonly ask: TunnelFilter; readonly answer: number };
  move: { readonly ask: MoveOrder; readonly answer: PoolReport };
}

/** One question, by its name. */
export type Question = {
  [About in keyof Questions]: { readonly about: About; readonly ask: Questions[About]["ask"] };
}[keyof Questions];

/** The answer to one question. */
export type Answer = Questions[keyof Questions]["answer"];

/** Where a worker answers what operators want to know of its tunnels, and ends those that they want gone. */
export class Desk {
  private readonly gateway: Gateway;
  private readonly worker: number;
  private readonly scales = new Scales();

  constructor(gateway: Gateway, worker: number) {
    this.gateway = gateway;
    this.worker = worker;
  }

  answer(question: Question): Answer {
    if (question.about === "tunnels") return this.page(question.ask);
    if (question.about === "end") return this.end(question.ask);
    return this.move(question.ask);
  }

  /** The first of all that fit, up to where the page ends: other workers may have none before it. */
  private page({ filter, sort, descending, offset, limit }: TunnelQuery): TunnelPage {
    const found = this.find(filter);
    const sign = descending ? -1 : 1;
    const order = ORDERS[sort];
    const first = found.toSorted((one, other) => sign * (order(one) - order(other))).slice(0, offset + limit);
    return { total: found.length, offset: 0, tunnels: first.map((life) => infoOf(life, this.worker)) };
  }

  private end(filter: TunnelFilter): number {
    const open = this.find(filter).filter(isOpen);
    for (const { tunnel } of open) tunnel.end("operator");
    return open.length;
  }

  private move(order: MoveOrder): PoolReport {
    const pool = this.gateway.pools.get(order.pool);
    const present = this.present(pool);
    const weigh = order.bySize === undefined || pool === undefined ? undefined : this.scales.of(pool);
    const reports = Array.from(pool?.backends ?? [], (backend): [string, BackendReport] => {
      const lives = present.get(backend.name) ?? NOBODY;
      const report = weigh === undefined ? endIdlest(order, backend, lives) : endBySize(order, backend, lives, weigh);
      return [backend.name, report];
    });
    return { backends: Object.fromEntries(reports), refused: pool?.refused ?? 0 };
  }

  /** The tunnels of a pool that are with its backends, by these. */
  private present(pool: Pool | undefined): Map<string, Present> {
    const present = new Map<string, Present>();
    for (const life of this.gateway.tunnels) {
      if (life.pool !== pool || life.hasLeft) continue;
      let lives = present.get(life.backend.name);
      if (lives === undefined) present.set(life.backend.name, (lives = { settled: [], leaving: 0 }));
      if (isSettled(life)) lives.settled.push(life);
      else lives.leaving += 1;
    }
    return present;
  }

  private find(filter: TunnelFilter): TunnelLife[] {
    return [...this.gateway.tunnels].filter((life) => fits(life, filter));
  }
}

/** The tunnels that are with one backend. */
interface Present {
  /** Those that still have to leave it. */
  readonly settled: TunnelLife[];
  /** Number of those that somebody has begun to end or to move. */
  leaving: number;
}

const NOBODY: Readonly<Present> = { settled: [], leaving: 0 };

function endIdlest(order: MoveOrder, backend: Backend, lives: Present): BackendReport {
  // Who wants it by what tunnels carry does not want any others.
  const count = order.bySize === undefined ? (order.counts[backend.name] ?? 0) : 0;
  const chosen = chooseToMove(lives.settled, { ...order, count, allowPinned: order.kind === "drain" });
  return endAll(order, backend, lives, chosen);
}

function endBySize(order: MoveOrder, backend: Backend, lives: Present, weigh: Weigh): BackendReport {
  const { bySize, minAge, counts } = order;
  const all = lives.settled.map((life) => ({ life, carries: weigh(life) }));
  const size = bySize?.sizes[backend.name];
  const settled = all.filter(({ life }) => life.stayMs >= minAge && !life.pinned);
  const chosen = size === undefined ? [] : chooseByLoad(settled, { ...size, count: counts[backend.name] ?? 0 });
  const sum = sumOf(chosen);
  const ended = bySize?.asks === true ? [] : chosen.map(({ life }) => life);
  const carried: CarriedReport = {
    all: sumOf(all) - (ended.length === 0 ? 0 : sum),
    moved: ended.length === 0 ? 0 : sum,
    offers: bySize?.asks === true ? chosen.map(({ carries }) => carries) : [],
    strain: backend.gauge.strain,
  };
  return { ...endAll(order, backend, lives, ended), carried };
}

/** Moves these, and ends those that cannot be. */
function endAll({ kind }: MoveOrder, backend: Backend, lives: Present, chosen: readonly TunnelLife[]): BackendReport {
  for (const life of chosen) life.leave(kind);
  const { own, counters } = backend;
  const dials = own - counters.open - counters.inFlight;
  return {
    load: own,
    left: lives.settled.length - chosen.length + dials,
    leaving: lives.leaving + chosen.filter(({ hasLeft }) => !hasLeft).length,
    moved: chosen.length,
    failures: counters.failures,
  };
}

function sumOf(weighed: readonly { readonly carries: number }[]): number {
  return weighed.reduce((sum, { carries }) => sum + carries, 0);
}

function isOpen({ tunnel }: TunnelLife): boolean {
  return tunnel.cause === undefined;
}

/** Whether it still has to leave its backend. */
function isSettled({ tunnel }: TunnelLife): boolean {
  return tunnel.cause === undefined && !tunnel.isLeaving;
}

function fits(life: TunnelLife, filter: TunnelFilter): boolean {
  const { draft, pool, backend } = life;
  const { minAgeMs = 0, minIdleMs = 0, ...texts } = filter;
  const facts: Required<typeof texts> = {
    id: draft.id,
    pool: pool.name,
    backend: backend.name,
    route: draft.route ?? "",
    listener: draft.listener,
    client: draft.client,
    host: draft.host ?? "",
  };
  return (
    keysOf(texts).every((key) => texts[key] === undefined || texts[key] === facts[key]) &&
    (minAgeMs === 0 || life.ageMs >= minAgeMs) &&
    (minIdleMs === 0 || life.idleMs >= minIdleMs)
  );
}

function keysOf<Key extends string>(record: { readonly [K in Key]?: unknown }): Key[] {
  return Object.keys(record) as Key[]; // a filter has been read by a schema that knows these keys only
}

const ORDERS: Readonly<Record<TunnelOrder, (life: TunnelLife) => number>> = {
  age: ({ ageMs }) => ageMs,
  idle: ({ idleMs }) => idleMs,
  messages: ({ tunnel: { client, backend } }) => client.tracker.messages + backend.tracker.messages,
  bytes: ({ tunnel: { client, backend } }) => client.bytes + backend.bytes,
  rtt: ({ tunnel: { client, backend } }) => Math.max(client.rtt ?? 0, backend.rtt ?? 0),
};

function infoOf(life: TunnelLife, worker: number): TunnelInfo {
  const { draft, tunnel, pool, backend, pinned, ageMs, idleMs } = life;
  return {
    id: draft.id,
    worker,
    listener: draft.listener,
    route: draft.route ?? "",
    pool: pool.name,
    backend: backend.name,
    client: draft.client,
    host: draft.host ?? null,
    path: draft.path,
    started: new Date(draft.startedWall).toISOString(),
    ageMs: Math.round(ageMs),
    idleMs: Math.round(idleMs),
    state: !isOpen(life) ? "ending" : tunnel.isMoving ? "rehoming" : "open",
    pinned,
    rehomed: draft.rehomed,
    lost: draft.lost,
    fromClient: { messages: tunnel.client.tracker.messages, bytes: tunnel.client.bytes },
    fromBackend: { messages: tunnel.backend.tracker.messages, bytes: tunnel.backend.bytes },
    clientRttMs: shown(tunnel.client.rtt),
    backendRttMs: shown(tunnel.backend.rtt),
  };
}

function shown(rtt: Milliseconds | undefined): number | null {
  return rtt === undefined ? null : roundToMicroseconds(rtt);
}

/** Puts the workers' pages together. */
export function mergePages(pages: readonly TunnelPage[], { sort, descending, offset, limit }: TunnelQuery): TunnelPage {
  const sign = descending ? -1 : 1;
  const order = INFO_ORDERS[sort];
  return {
    total: pages.reduce((sum, { total }) => sum + total, 0),
    offset,
    tunnels: pages
      .flatMap(({ tunnels }) => tunnels)
      .toSorted((one, other) => sign * (order(one) - order(other)))
      .slice(offset, offset + limit),
  };
}

const INFO_ORDERS: Readonly<Record<TunnelOrder, (info: TunnelInfo) => number>> = {
  age: ({ ageMs }) => ageMs,
  idle: ({ idleMs }) => idleMs,
  messages: ({ fromClient, fromBackend }) => fromClient.messages + fromBackend.messages,
  bytes: ({ fromClient, fromBackend }) => fromClient.bytes + fromBackend.bytes,
  rtt: ({ clientRttMs, backendRttMs }) => Math.max(clientRttMs ?? 0, backendRttMs ?? 0),
};
