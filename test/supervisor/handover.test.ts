/** Who gets the next connection, and what it knows by then. */
import assert from "node:assert/strict";
import { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import test from "node:test";

import { Handover } from "../../src/supervisor/handover.ts";
import type { ToWorker } from "../../src/supervisor/messages.ts";
import { Seat } from "../../src/supervisor/seat.ts";

/** Workers that note what they get, and take what they are given when the test says so. */
const scene = (count: number) => {
  const got: string[] = [];
  const seats = new Map<number, Seat>();
  let now = 0;
  const refused: string[] = [];
  const handover = new Handover(seats, {
    clock: { now: () => now, wall: () => now },
    waitingMax: 4,
    refused: (listener) => void refused.push(listener),
  });
  for (let id = 1; id <= count; id += 1) {
    const handle = {
      pid: id,
      send: (message: ToWorker) => void got.push(`${id}: ${message.type}`),
      give: () => void got.push(`${id}: connection`),
      kill: () => undefined,
    };
    const seat = new Seat(id, id - 1, handle, 0);
    seat.ready = true;
    seats.set(id, seat);
  }
  const take = (id: number): void => {
    const seat = seats.get(id);
    assert.ok(seat);
    seat.isTaking = false;
    handover.wake();
  };
  const come = async (connections = 1): Promise<string[]> => {
    for (let at = 0; at < connections; at += 1) handover.add("door", new Socket());
    await turn();
    return got.splice(0);
  };
  const pass = (milliseconds: number): void => void (now += milliseconds);
  return { got, handover, seats, come, take, pass, refused };
};

test("the worker with the fewest connections gets the next one, the one that waited longest among equals", async () => {
  const { come, take, seats, pass } = scene(3);
  const order: string[] = [];
  for (let at = 0; at < 6; at += 1) {
    pass(1);
    order.push(...(await come()));
    for (const id of seats.keys()) take(id);
  }
  assert.deepEqual(
    order,
    [1, 2, 3, 1, 2, 3].map((id) => `${id}: connection`),
  );
});

test("a worker that may have more tunnels than the others gets the next connection as long as it has more room", async () => {
  const { come, seats } = scene(2);
  for (const [id, share] of [
    [1, 1],
    [2, 3],
  ] as const) {
    const seat = seats.get(id);
    if (seat !== undefined) seat.share = share;
  }
  const order: string[] = [];
  for (let at = 0; at < 4; at += 1) {
    order.push(...(await come()));
    for (const seat of seats.values()) seat.isTaking = false;
  }
  assert.deepEqual(
    order,
    [2, 2, 1, 2].map((id) => `${id}: connection`),
  );
});

test("those for whom there is no place to wait are refused, and those that wait are not touched", async () => {
  const { seats, come, refused, handover } = scene(1);
  const seat = seats.get(1);
  assert.ok(seat);
  seat.ready = false;
  await come(6);
  assert.deepEqual(refused, ["door", "door"]);
  seat.ready = true;
  handover.wake();
  assert.deepEqual(await come(0), ["1: connection"]);
  handover.stop();
});

test("what is known of the loads reaches a worker before its connection", async () => {
  const { seats, handover, come } = scene(2);
  handover.add("door", new Socket());
  seats.get(1)?.loads.change("default", "ws://one", 1);
  assert.deepEqual((await come(0)).slice(0, 2), ["1: others", "1: connection"]);
});

test("one worker alone gets its connections at once", () => {
  const { got, handover } = scene(1);
  handover.add("door", new Socket());
  assert.deepEqual(got, ["1: connection"]);
});

test("a worker gets no second connection before it has taken the first, and one that takes none is passed over", async () => {
  const { come, take, pass } = scene(2);
  assert.deepEqual(await come(3), ["1: connection", "2: connection"]);
  pass(150);
  take(2);
  await turn();
  assert.deepEqual(await come(0), ["1: ping", "2: connection"]);
});

test("connections wait while there is no worker, and are dropped when there will be none", async () => {
  const { seats, handover, come } = scene(1);
  const seat = seats.get(1);
  assert.ok(seat);
  seat.ready = false;
  const socket = new Socket();
  handover.add("door", socket);
  assert.deepEqual(await come(0), []);
  seat.ready = true;
  handover.wake();
  assert.deepEqual(await come(0), ["1: connection"]);
  const late = new Socket();
  handover.add("door", late);
  handover.stop();
  assert.equal(late.destroyed, true);
  const tooLate = new Socket();
  handover.add("door", tooLate);
  assert.equal(tooLate.destroyed, true);
});

test("whoever closes in order waits until nobody waits any more", async () => {
  const { seats, handover, come } = scene(1);
  await handover.emptied();
  const seat = seats.get(1);
  assert.ok(seat);
  seat.ready = false;
  handover.add("door", new Socket());
  let empty = false;
  const emptied = handover.emptied().then(() => (empty = true));
  assert.deepEqual(await come(0), []);
  assert.equal(empty, false);
  seat.ready = true;
  handover.wake();
  await emptied;
  assert.deepEqual(await come(0), ["1: connection"]);
});
