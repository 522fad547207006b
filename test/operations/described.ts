import assert from "node:assert/strict";

import type { TunnelFilter, TunnelPage, TunnelQuery } from "../../src/admin/index.ts";
import { systemClock } from "../../src/base/index.ts";
import type { Gateway } from "../../src/gateway/index.ts";
import { Desk } from "../../src/operations/desk.ts";
import type { MoveOrder, PoolReport } from "../../src/operations/desk.ts";
import { Pool } from "../../src/pool/index.ts";
import { A, B, configOf } from "./world.ts";

/** What is said of a tunnel. */
export interface Facts {
  readonly id: string;
  readonly backend?: string;
  readonly client?: string;
  readonly ageMs?: number;
  /** Since it came to its backend; since it was opened unless said. */
  readonly stayMs?: number;
  readonly idleMs?: number;
  readonly messages?: number;
  readonly bytes?: number;
  readonly rtt?: number;
  readonly pinned?: boolean;
  /** It is on its way to another backend. */
  readonly isLeaving?: boolean;
  /** It is with its backend no more. */
  readonly hasLeft?: boolean;
  /** Messages a second, from its opening on. */
  readonly perSecond?: number;
}

/** What else there is. */
interface Setting {
  readonly pool?: Parameters<typeof configOf>[0];
  /** Time that has passed since the tunnels were described. */
  readonly now?: () => number;
}

const USUAL = { backends: [A, B] };
const zero = (): number => 0;

/** A worker's desk over tunnels that are only described. */
export const deskOf = (
  worker: number,
  tunnels: readonly Facts[],
  { pool: options = USUAL, now = zero }: Setting = {},
) => {
  const config = configOf(options).pools["chat"];
  assert.ok(config);
  const pool = new Pool(config, "secret", {
    clock: systemClock,
    random: () => 0.5,
    onLoad: () => {},
    onWant: () => {},
    workers: 1,
  });
  const ended: [string, string][] = [];
  const lives = new Set<unknown>();
  const open = (facts: Facts): void => {
    const backend = pool.backend(facts.backend ?? A);
    assert.ok(backend);
    pool.acquire(backend);
    pool.tunnelOpened(backend);
    const { id, client = "192.0.2.1", ageMs = 0, idleMs = 0, pinned = false, perSecond = 0, messages = 0 } = facts;
    const openedAt = now() - ageMs;
    const cameAt = now() - (facts.stayMs ?? ageMs);
    const tracker = {
      get messages() {
        return messages + (perSecond * (now() - openedAt)) / 1_000;
      },
    };
    const leg = { tracker, bytes: facts.bytes ?? 0, rtt: facts.rtt };
    const tunnel = {
      get now() {
        return now();
      },
      cause: undefined as string | undefined,
      client: leg,
      backend: { tracker: { messages: 0 }, bytes: 0, rtt: undefined },
      isLeaving: facts.isLeaving ?? false,
      end(cause: string) {
        tunnel.cause = cause;
        ended.push([facts.id, cause]);
      },
    };
    const draft = {
      id,
      route: "default",
      listener: "0.0.0.0:8080",
      client,
      host: undefined,
      path: "/",
      startedWall: 0,
    };
    const life = {
      tunnel,
      pool,
      backend,
      draft,
      pinned,
      idleMs,
      hasLeft: facts.hasLeft ?? false,
      leave(reason: string) {
        tunnel.end(reason);
      },
      get ageMs() {
        return now() - openedAt;
      },
      get stayMs() {
        return now() - cameAt;
      },
    };
    lives.add(life);
  };
  for (const facts of tunnels) open(facts);
  // Of a gateway the desk looks at no more than this.
  const gateway = { pools: new Map([["chat", pool]]), tunnels: lives };
  const desk = new Desk(gateway as unknown as Gateway, worker);
  return {
    desk,
    pool,
    ended,
    open,
    page: (query: Partial<TunnelQuery> = {}): TunnelPage =>
      desk.answer({
        about: "tunnels",
        ask: { filter: {}, sort: "age", descending: true, offset: 0, limit: 100, ...query },
      }) as TunnelPage, // the answer to this question
    end: (filter: TunnelFilter) => desk.answer({ about: "end", ask: filter }),
    move: (order: Partial<MoveOrder>): PoolReport =>
      desk.answer({
        about: "move",
        ask: { kind: "drain", pool: "chat", counts: {}, minIdle: 0, minAge: 0, ...order },
      }) as PoolReport, // the answer to this question
  };
};
