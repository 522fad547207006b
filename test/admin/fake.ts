/** An instance that only says that it was asked. */
import { InputError } from "../../src/config/index.ts";
import { FairleadError } from "../../src/base/index.ts";
import type { TestContext } from "node:test";

import {
  startAdmin,
  type Admin,
  type AdminEvent,
  type AdminOptions,
  type AdminSource,
  type Move,
} from "../../src/admin/index.ts";
import type { AdminConfig } from "../../src/config/index.ts";
import type { BackendStatus, Status } from "../../src/metrics/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { ask } from "../kit/http.ts";

const TIME = "2026-11-23T12:00:00.000Z";

export const BACKEND = "ws://10.0.0.1:8000";

const backend = (name: string): BackendStatus => ({
  name,
  weight: 1,
  state: "active",
  stateSince: TIME,
  maxConnections: null,
  health: "healthy",
  reason: "no failure has been seen yet",
  since: TIME,
  outUntil: null,
  spared: { reason: "30 % failures, the others 1 %", since: TIME },
  warming: { share: 0.4, since: TIME, until: TIME },
  flaps: 0,
  penalty: 0,
  rtt: { p50: 0.4, p99: 2.5 },
  flow: { messages: { fromClient: 1.5, fromBackend: 2 }, bytes: { fromClient: 150, fromBackend: 200 } },
  measured: { activity: 4.5, handshakeMs: 3.2, roundTripMs: null, reported: { load: 0.7, ageMs: 1500 } },
  open: 2,
  inFlight: 0,
  load: 2,
  tunnels: 7,
  requests: 1,
  failures: 0,
});

const status: Status = {
  version: "1.2.3",
  state: "running",
  started: TIME,
  listeners: [{ name: "0.0.0.0:8080", host: "0.0.0.0", port: 8080, url: "ws://127.0.0.1:8080" }],
  workers: [{ id: 1, pid: 100, tunnels: 2, requests: 0, connections: 3, maxTunnels: null }],
  handshakes: 0,
  tunnels: 2,
  requests: 0,
  connections: 3,
  maxTunnels: 1000,
  descriptors: null,
  refusedTunnels: 0,
  refusedConnections: 0,
  pools: [
    {
      name: "chat",
      balance: "least-connections",
      affinity: "none",
      panic: false,
      panicking: null,
      queued: 0,
      rehoming: 0,
      backends: [backend(BACKEND)],
    },
  ],
};

const tunnel = {
  id: "t1",
  worker: 1,
  listener: "0.0.0.0:8080",
  route: "default",
  pool: "chat",
  backend: BACKEND,
  client: "192.0.2.7",
  host: null,
  path: "/ws",
  started: TIME,
  ageMs: 1500,
  idleMs: 20.5,
  state: "open",
  pinned: false,
  rehomed: 0,
  lost: 0,
  fromClient: { messages: 3, bytes: 300 },
  fromBackend: { messages: 4, bytes: 400 },
  clientRttMs: null,
  backendRttMs: 0.4,
} as const;

const move = (kind: Move["kind"]): Move => ({
  id: kind === "drain" ? "d1" : "r2",
  kind,
  pool: "chat",
  backend: kind === "drain" ? BACKEND : null,
  state: "running",
  by: "operator",
  evens: kind === "drain" ? null : "tunnels",
  started: TIME,
  ended: null,
  total: 10,
  moved: 4,
  left: 6,
  rate: 50,
  currentRate: 12.5,
  slowedBy: "clients do not come back",
  waitIdleMs: null,
  deadline: TIME,
});

const event = (id: number): AdminEvent => ({ id, time: TIME, type: "reloaded", message: `Event ${id}.`, revision: id });

/** A fake instance, and what it was asked. */
export interface Fake {
  readonly source: AdminSource;
  /** Name of the method, and its arguments. */
  readonly calls: unknown[][];
  /** Listeners to events. */
  readonly listeners: Set<(event: AdminEvent) => void>;
  /** Something happens; gives its number. */
  happen(fields?: object): number;
  /** The next call of any method that is recorded throws this. */
  fail(error: Error): void;
  /** Whether it serves new clients, and what its status says. */
  isReady: boolean;
  status: Status;
}

/** Makes one; it has had three events. */
export const createFake = (): Fake => {
  const calls: unknown[][] = [];
  const events = [event(1), event(2), event(3)];
  const listeners = new Set<(event: AdminEvent) => void>();
  let failure: Error | undefined;
  const asked = <T>(answer: T, ...call: unknown[]): T => {
    calls.push(call);
    const error = failure;
    failure = undefined;
    if (error !== undefined) throw error;
    return answer;
  };
  const fake: Fake = {
    calls,
    listeners,
    isReady: true,
    status,
    happen(fields = {}) {
      const next = { ...event(events.length + 1), ...fields };
      events.push(next);
      for (const listener of listeners) listener(next);
      return next.id;
    },
    fail: (error) => (failure = error),
    source: {
      ready: () => fake.isReady,
      status: async () => asked(fake.status, "status"),
      config: () => asked({ secret: "${FAIRLEAD_SECRET}", workers: "auto" }, "config"),
      routes: () => [
        { name: "api", pool: "chat", match: "path below /api", origins: ["https://example.com"] },
        { name: "default", pool: "chat", match: null, origins: "any" },
      ],
      reload: async () =>
        asked(
          {
            outcome: "reloaded",
            revision: 2,
            file: "/etc/f.yaml",
            changes: ["+ a"],
            overruled: [],
            needsRestart: [],
            warnings: [],
          },
          "reload",
        ),
      addBackend: async (pool, input) => asked(backend(input.url), "addBackend", pool, input),
      changeBackend: async (pool, name, change) => asked(backend(name), "changeBackend", pool, name, change),
      removeBackend: async (pool, name) => asked(move("drain"), "removeBackend", pool, name),
      tunnels: async (query) =>
        asked(
          { total: 1, offset: query.offset, tunnels: (query.filter.id ?? tunnel.id) === tunnel.id ? [tunnel] : [] },
          "tunnels",
          query,
        ),
      endTunnels: async (filter) => asked((filter.id ?? tunnel.id) === tunnel.id ? 1 : 0, "endTunnels", filter),
      moves: () => [move("drain"), move("rebalance")],
      drain: async (input) => asked(move("drain"), "drain", input),
      rebalance: async (input) => asked(move("rebalance"), "rebalance", input),
      cancelMove: (id) => asked({ ...move("drain"), id, state: "cancelled", ended: TIME } as const, "cancelMove", id),
      events: {
        recent: (after = 0) => events.filter(({ id }) => id > after),
        listen(listener) {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      },
      history: (since) =>
        asked(
          [
            {
              time: TIME,
              seconds: 10,
              tunnels: 2,
              opened: 0.2,
              closed: 0,
              refused: 0,
              rehomed: 0.5,
              messages: { fromClient: 1.5, fromBackend: 2 },
              bytes: { fromClient: 150, fromBackend: 200 },
              closeCodes: { "1000": 0.1, none: 0.1 },
              rtt: { client: { p50: 1, p90: 2, p99: 3.5 }, backend: null },
              backends: [{ pool: "chat", backend: BACKEND, tunnels: 2 }],
            },
          ],
          "history",
          since,
        ),
      metrics: async () =>
        asked({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "up 1\n" }, "metrics"),
    },
  };
  return fake;
};

/** An admin listener before a fake instance. */
export interface Harness extends Fake {
  readonly admin: Admin;
  readonly port: number;
  readonly origin: string;
}

/** Starts one on this machine, without a token unless `config` says otherwise. */
export const startFake = async (
  t: TestContext,
  config: Partial<AdminConfig> = {},
  options: AdminOptions = {},
): Promise<Harness> => {
  const fake = createFake();
  const admin = await startAdmin({ host: "127.0.0.1", port: 0, hosts: [], ...config }, fake.source, options);
  lastly(t, () => admin.close());
  return Object.assign(fake, { admin, port: admin.address.port, origin: `http://127.0.0.1:${admin.address.port}` });
};

/** An answer whose body is JSON. */
export interface Told {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly json: ReturnType<typeof JSON.parse>;
}

/** Asks, with JSON as the body if there is one. */
export const tell = async (
  t: TestContext,
  { origin }: Harness,
  method: string,
  path: string,
  body?: unknown,
): Promise<Told> => {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await ask(t, origin + path, { method, headers }, text);
  return { status: answer.status, headers: answer.headers, json: JSON.parse(answer.body.toString()) };
};

/** What an instance throws, and the status that it becomes. */
export const FAILURES: readonly (readonly [Error, number, string])[] = [
  [new FairleadError("NOT_FOUND", "There is no such backend."), 404, "NOT_FOUND"],
  [new FairleadError("CONFLICT", "It is there already."), 409, "CONFLICT"],
  [new FairleadError("LISTEN_FAILED", "In use."), 409, "LISTEN_FAILED"],
  [new InputError([{ path: "url", message: "is no URL" }]), 422, "INPUT_INVALID"],
  [new FairleadError("TLS_FILES", "No key."), 422, "TLS_FILES"],
  [new FairleadError("STOPPED", "Stopping."), 503, "STOPPED"],
  [new FairleadError("UPGRADE_FAILED", "It did not start."), 500, "UPGRADE_FAILED"],
  [new TypeError("secret detail"), 500, "INTERNAL"],
];
