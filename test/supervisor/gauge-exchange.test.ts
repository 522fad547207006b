/** What workers have measured is told to the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_READING } from "../../src/pool/index.ts";
import type { BackendReading, Reading } from "../../src/pool/index.ts";
import { GaugeExchange } from "../../src/supervisor/gauge-exchange.ts";
import { LoadExchange } from "../../src/supervisor/load-exchange.ts";
import type { ToWorker } from "../../src/supervisor/messages.ts";
import { Seat } from "../../src/supervisor/seat.ts";
import { until } from "../kit/until.ts";

const BACKEND = "ws://10.0.0.1:8000";
const reading = (some: Partial<Reading>, backend = BACKEND): BackendReading => [
  "chat",
  backend,
  { ...NO_READING, ...some },
];

const exchangeOf = (...ids: readonly number[]) => {
  const told = new Map<number, BackendReading[][]>(ids.map((id) => [id, []]));
  const seats = new Map(
    ids.map((id) => {
      const send = (message: ToWorker): void => {
        if (message.type === "gauges") told.get(id)?.push([...message.readings]);
      };
      return [id, { id, handle: { pid: id, send, give: () => {}, kill: () => {} } }];
    }),
  );
  const exchange = new GaugeExchange(seats, 1);
  const next = async (times: number) => {
    await until(() => told.get(ids[0] ?? 0)?.length === times, `told ${times} times`);
    return ids.map((id) => told.get(id)?.at(-1));
  };
  return { exchange, next, seats };
};

test("every worker gets the sum of the others, in one message", async () => {
  const { exchange, next } = exchangeOf(1, 2, 3);
  exchange.take(1, [reading({ activity: 5, handshakes: 1, handshakeMs: 30 })]);
  exchange.take(2, [reading({ activity: 7, handshakes: 2, handshakeMs: 20 }), reading({ activity: 1 }, "ws://b:80")]);
  assert.deepEqual(await next(1), [
    [reading({ activity: 7, handshakes: 2, handshakeMs: 20 }), reading({ activity: 1 }, "ws://b:80")],
    [reading({ activity: 5, handshakes: 1, handshakeMs: 30 })],
    [reading({ activity: 12, handshakes: 3, handshakeMs: 50 }), reading({ activity: 1 }, "ws://b:80")],
  ]);
});

test("what happened is told once, what flows until it changes", async () => {
  const { exchange, next } = exchangeOf(1, 2);
  exchange.take(1, [reading({ activity: 5, roundTrips: 1, roundTripMs: 3 })]);
  await next(1);
  exchange.take(2, [reading({})]);
  assert.deepEqual(await next(2), [[], [reading({ activity: 5 })]]);
  exchange.take(1, [reading({ activity: 0 })]);
  assert.deepEqual(await next(3), [[], []]);
});

test("what a worker tells twice before it is passed on adds up, but for what flows", async () => {
  const { exchange, next } = exchangeOf(1, 2);
  exchange.take(1, [reading({ activity: 5, handshakes: 1, handshakeMs: 3 })]);
  exchange.take(1, [reading({ activity: 4, handshakes: 1, handshakeMs: 5 })]);
  assert.deepEqual((await next(1))[1], [reading({ activity: 4, handshakes: 2, handshakeMs: 8 })]);
});

test("what happened at a backend that is not mentioned any more is passed on all the same", async () => {
  const { exchange, next } = exchangeOf(1, 2);
  exchange.take(1, [reading({ activity: 5, handshakes: 1, handshakeMs: 3 })]);
  exchange.take(1, []);
  assert.deepEqual((await next(1))[1], [reading({ handshakes: 1, handshakeMs: 3 })]);
});

test("what the supervisor hears of a backend's load all workers are told, once", async () => {
  const { exchange, next } = exchangeOf(1, 2);
  exchange.report("chat", BACKEND, 0.25);
  exchange.report("chat", BACKEND, 0.75);
  const both = [reading({ reports: 2, reported: 1 })];
  assert.deepEqual(await next(1), [both, both]);
  exchange.take(1, [reading({})]);
  assert.deepEqual(await next(2), [[], []]);
});

test("a worker that is gone carries nothing any more", async () => {
  const { exchange, next, seats } = exchangeOf(1, 2);
  exchange.take(2, [reading({ activity: 5 })]);
  assert.deepEqual(await next(1), [[reading({ activity: 5 })], []]);
  seats.delete(2);
  exchange.leave(2);
  assert.deepEqual((await next(2))[0], []);
});

test("what the tunnels of the process before carry counts as one more worker's, the latest of each backend, until it ends", async () => {
  const told: (readonly BackendReading[])[] = [];
  const send = (message: ToWorker): void => {
    if (message.type === "gauges") told.push(message.readings);
  };
  const seat = new Seat(1, 0, { pid: 1, send, give: () => {}, kill: () => {} }, 0);
  const exchange = new LoadExchange(new Map([[1, seat]]));
  exchange.setPredecessorActivity([
    ["chat", BACKEND, 5],
    ["chat", "ws://b:80", 7],
  ]);
  exchange.setPredecessorActivity([["chat", BACKEND, 6]]);
  await until(() => told.length === 1, "it is told");
  assert.deepEqual(told[0], [reading({ activity: 6 }), reading({ activity: 7 }, "ws://b:80")]);
  exchange.clearPredecessor();
  await until(() => told.length === 2, "its end is told");
  assert.deepEqual(told[1], []);
  exchange.setPredecessorActivity([["chat", "ws://b:80", 1]]);
  await until(() => told.length === 3, "nothing of before is remembered");
  assert.deepEqual(told[2], [reading({ activity: 1 }, "ws://b:80")]);
});
