import { backend, pool, tunnel } from "./instance.ts";
import type { World } from "./instance.ts";

const HOUR = 3_600_000;
const STEP = 10_000;

/** Waves that look like traffic, the same every time. */
const wave = (index: number, period: number, low: number, high: number): number =>
  low + ((high - low) * (1 + Math.sin((index / period) * 2 * Math.PI) * 0.8 + Math.sin(index * 1.7) * 0.2)) / 2;

/** An instance with a busy hour behind it. */
export const busyWorld = (backends = 4): Partial<World> => {
  const names = Array.from({ length: backends }, (_, index) => `ws://10.0.0.${index + 1}:9000`);
  const now = Date.now();
  const samples = Array.from({ length: HOUR / STEP }, (_, index) => {
    const opened = wave(index, 180, 8, 30);
    return {
      time: new Date(now - HOUR + (index + 1) * STEP).toISOString(),
      seconds: 10,
      tunnels: 4800,
      opened,
      closed: opened * 0.9,
      refused: index > 200 && index < 220 ? 2.4 : 0,
      rehomed: index > 250 && index < 270 ? 40 : 0,
      messages: { fromClient: wave(index, 90, 900, 1800), fromBackend: wave(index, 90, 4200, 9100) },
      bytes: { fromClient: 140_000, fromBackend: 2_300_000 },
      closeCodes: {
        "1000": opened * 0.5,
        "1001": opened * 0.3,
        "1012": index > 250 && index < 270 ? 12 : 0.2,
        none: 0.1,
      },
      rtt: {
        client: { p50: wave(index, 140, 18, 30), p90: wave(index, 140, 40, 74), p99: wave(index, 100, 90, 240) },
        backend: { p50: 0.8, p90: wave(index, 80, 1.2, 2.1), p99: wave(index, 60, 2.5, 7) },
      },
      backends: names.map((name, at) => ({
        pool: "chat",
        backend: name,
        tunnels: Math.round(wave(index + at * 30, 300, 900, 1400) / (1 + at * 0.2)),
      })),
    };
  });
  const chat = names.map((name, index) =>
    backend(name, {
      open: 1200 - index * 37,
      tunnels: 52_000,
      load: 1200,
      weight: index === 1 ? 2 : 1,
      maxConnections: 1500,
      rtt: { p50: 0.9, p99: 4 },
      flow: { messages: { fromClient: 310, fromBackend: 1930 }, bytes: { fromClient: 41_000, fromBackend: 590_000 } },
    }),
  );
  Object.assign(chat[1] ?? {}, { state: "draining", stateSince: "2026-11-23T10:00:30.000Z", open: 412 });
  Object.assign(chat[3] ?? {}, {
    reason: "a probe succeeded",
    flaps: 2,
    penalty: 1.7,
    warming: { share: 0.4, since: "2026-11-23T10:00:00.000Z", until: "2026-11-23T10:00:30.000Z" },
  });
  Object.assign(chat[2] ?? {}, {
    health: "unhealthy",
    reason: "3 failures in a row: it could not be connected to",
    outUntil: "2026-11-23T10:01:00.000Z",
    flaps: 1,
    penalty: 0.8,
    open: 0,
    failures: 3,
  });
  const feeds = [
    backend("wss://feeds-a.internal:8443", {
      open: 210,
      tunnels: 900,
      spared: { reason: "30 % failures, the others 1 %", since: "2026-11-23T10:02:00.000Z" },
      measured: { activity: 1234.5, handshakeMs: 34, roundTripMs: 1.5, reported: { load: 0.7, ageMs: 900 } },
    }),
    backend("wss://feeds-b.internal:8443", {
      open: 198,
      health: "probing",
      tunnels: 800,
      reason: "cooled down; being probed",
    }),
  ];
  const panic = {
    panic: true,
    panicking: { reason: "1 of 2 backends are well", since: "2026-11-23T10:03:00.000Z" },
  };
  return {
    status: {
      version: "0.1.0",
      state: "running",
      started: new Date(now - 2 * HOUR - 754_000).toISOString(),
      listeners: [
        { name: "0.0.0.0:8080", host: "0.0.0.0", port: 8080, url: "ws://127.0.0.1:8080" },
        { name: "0.0.0.0:8443", host: "0.0.0.0", port: 8443, url: "wss://127.0.0.1:8443" },
      ],
      workers: [1, 2].map((id) => ({
        id,
        pid: 100 + id,
        tunnels: 2400,
        requests: 3,
        connections: 2410,
        maxTunnels: 9549,
      })),
      handshakes: 2,
      tunnels: 4821,
      requests: 6,
      connections: 4840,
      maxTunnels: 19_098,
      descriptors: 20_000,
      refusedTunnels: 48,
      refusedConnections: 0,
      pools: [pool("chat", chat), { ...pool("feeds", feeds), ...panic }],
    },
    samples,
    moves: [
      {
        id: "m2",
        kind: "drain",
        pool: "chat",
        backend: names[1] ?? "",
        state: "running",
        by: "operator",
        started: new Date(now - 20_000).toISOString(),
        ended: null,
        total: 1163,
        moved: 751,
        left: 412,
        rate: 50,
        currentRate: 37.5,
        slowedBy: "reconnects fail",
        waitIdleMs: 30_000,
        deadline: new Date(now + 580_000).toISOString(),
      },
      {
        id: "m1",
        kind: "rebalance",
        pool: "feeds",
        backend: null,
        state: "done",
        by: "pool",
        started: new Date(now - 900_000).toISOString(),
        ended: new Date(now - 840_000).toISOString(),
        total: 40,
        moved: 40,
        left: 0,
        rate: 1,
        currentRate: 0,
        slowedBy: null,
        waitIdleMs: null,
        deadline: null,
      },
    ],
    tunnels: Array.from({ length: 130 }, (_, index) => tunnel(index, { backend: names[index % backends] })),
    events: [
      ["started", "fairlead 0.1.0 has started with 2 workers."],
      ["ready", "New clients are served."],
      ["reloaded", "The configuration was loaded anew: 1 backend added."],
      ["move-ended", "The rebalance of feeds is done: 40 tunnels moved."],
      ["backend-unhealthy", "ws://10.0.0.3:9000 in chat is unhealthy: 3 failures in a row."],
      ["move-started", "ws://10.0.0.2:9000 in chat is drained: 1,163 tunnels, 50 per second."],
    ].map(([type, message], index) => ({
      id: index + 1,
      time: new Date(now - 900_000 + index * 150_000).toISOString(),
      type,
      message,
    })),
  };
};
