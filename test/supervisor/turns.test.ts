/** Whose turn it is to accept, and what it knows by then. */
import assert from "node:assert/strict";
import test from "node:test";
import type { TestContext } from "node:test";

import type { ToWorker } from "../../src/supervisor/messages.ts";
import { Seat } from "../../src/supervisor/seat.ts";
import { Turn, TURN_CONNECTIONS_MAX } from "../../src/supervisor/turn.ts";
import { Turns } from "../../src/supervisor/turns.ts";
import type { Accepted, Bound } from "../../src/wire/index.ts";
import { DRIVERS } from "../kit/drivers.ts";
import { rawConnect } from "../kit/raw.ts";
import { lastly } from "../kit/cleanup.ts";
import { until } from "../kit/until.ts";

/** An address that nobody listens at; whether it has been let go of. */
const fakeBound = (): Bound & { closed: boolean } => {
  const bound = {
    handle: {} as Bound["handle"],
    host: "127.0.0.1",
    port: 1,
    descriptor: 3,
    closed: false,
    close: () => {},
  };
  bound.close = () => void (bound.closed = true);
  return bound;
};

/** Workers that note what they are told; all but the first answer when they are asked. */
const scene = (t: TestContext, count: number) => {
  const got: string[] = [];
  const seats = new Map<number, Seat>();
  const bounds = [fakeBound(), fakeBound()];
  for (let id = 1; id <= count; id += 1) {
    const handle = {
      pid: id,
      send(message: ToWorker): void {
        got.push(`${id}: ${message.type}`);
        if (message.type === "ping" && id > 1) seats.get(id)?.ponged(message.request, seats.get(id)?.connections ?? 0);
      },
      give: () => assert.fail("no connection is handed over"),
      giveTurn: (listener: string) => void got.push(`${id}: turn at ${listener}`),
      kill: () => undefined,
    };
    const seat = new Seat(id, id - 1, handle, 0);
    seat.ready = true;
    seats.set(id, seat);
  }
  const turns = new Turns(seats);
  // Nobody serves yet, so that the test says when turns are given.
  for (const seat of seats.values()) seat.ready = false;
  for (const [index, bound] of bounds.entries()) turns.open(`door ${index}`, bound);
  for (const seat of seats.values()) seat.ready = true;
  lastly(t, () => turns.stop());
  const seatOf = (id: number): Seat => {
    const seat = seats.get(id);
    assert.ok(seat);
    return seat;
  };
  /** The worker accepts so many, and passes the address on. */
  const pass = (id: number, listener: number, connections: number, error?: NodeJS.ErrnoException): string[] => {
    const seat = seatOf(id);
    seat.connections = connections;
    turns.passed(seat, `door ${listener}`, seat.turn, error);
    return got.splice(0);
  };
  return { turns, bounds, seats, seatOf, pass, told: () => got.splice(0) };
};

test("every address has one turn at a time, which goes to the worker with the fewest connections", (t) => {
  const { turns, pass, told } = scene(t, 2);
  turns.wake();
  assert.deepEqual(told(), ["1: turn at door 0", "2: turn at door 1"]);
  assert.deepEqual(pass(1, 0, 5), ["2: turn at door 0"]);
  turns.wake();
  assert.deepEqual(told(), []);
});

test("a worker that may have more tunnels than the others gets the turn as long as it has more room", (t) => {
  const { turns, seatOf, pass, told } = scene(t, 2);
  seatOf(2).share = 10;
  turns.wake();
  assert.deepEqual(told(), ["2: turn at door 0", "2: turn at door 1"]);
  assert.deepEqual(pass(2, 1, 9), ["2: turn at door 1"]);
  assert.deepEqual(pass(2, 1, 11), ["1: turn at door 1"]);
});

test("as long as a worker may accept, it may have more connections than it has told", (t) => {
  const { turns, seatOf } = scene(t, 1);
  const seat = seatOf(1);
  seat.connections = 3;
  turns.wake();
  assert.equal(seat.connectionsMax, 3 + 2 * TURN_CONNECTIONS_MAX);
});

test("what is known of the loads reaches a worker before its turn", (t) => {
  const { turns, seatOf, told } = scene(t, 1);
  seatOf(1).loads.change("default", "ws://one", 1);
  turns.wake();
  assert.deepEqual(told().slice(0, 2), ["1: others", "1: turn at door 0"]);
});

test("a worker that could not accept rests while there are others", (t) => {
  const { turns, pass, told } = scene(t, 2);
  turns.wake();
  told();
  assert.deepEqual(pass(1, 0, 0, new Error("listen EADDRINUSE")), ["2: turn at door 0"]);
});

test("when nobody can accept at an address, that is told, and it is tried again after a rest", async (t) => {
  const { turns, pass, told } = scene(t, 2);
  turns.wake();
  told();
  const error = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" });
  pass(1, 0, 0, error);
  assert.deepEqual(pass(2, 0, 0, error), []);
  assert.deepEqual(await turns.standing(), { listener: "door 0", error });
  const all: string[] = [];
  await until(
    () => all.push(...told()) > 0 && all.some((line) => line.endsWith("turn at door 0")),
    "somebody tries again",
  );
});

test("a worker that leaves or is gone gives its turn back, and nobody gets one when all are", (t) => {
  const { turns, seats, seatOf, told } = scene(t, 2);
  turns.wake();
  told();
  const gone = seatOf(1);
  seats.delete(1);
  turns.leave(gone);
  assert.deepEqual(told(), ["2: turn at door 0"]);
  const last = seatOf(2);
  last.leaving = true;
  turns.leave(last);
  assert.deepEqual(told(), []);
});

test("a worker that does not answer loses its turn to another, and what it passes on later changes nothing", async (t) => {
  const { turns, seatOf, told } = scene(t, 2);
  turns.wake();
  told();
  const frozen = seatOf(1);
  const turn = frozen.turn;
  const all: string[] = [];
  await until(() => all.push(...told()) > 0 && all.includes("1: ping"), "it is asked whether it is alive");
  await until(() => all.push(...told()) > 0 && all.includes("2: turn at door 0"), "its turn goes to the other");
  await until(() => all.push(...told()) > 0 && all.includes("1: withdraw"), "it is told so");
  turns.passed(frozen, "door 0", turn, undefined);
  assert.deepEqual(told(), []);
});

test("once it is stopped there is no turn any more", (t) => {
  const { turns, told } = scene(t, 1);
  turns.stop();
  turns.wake();
  assert.deepEqual(told(), []);
});

const [, handles] = DRIVERS;

test("a turn ends behind sixteen connections, or when none has come for a moment, and accepts nothing more", async (t) => {
  assert.ok(handles?.bind !== undefined);
  const accepted: Accepted[] = [];
  const take = async (): Promise<{ readonly over: () => boolean; readonly port: number }> => {
    assert.ok(handles?.bind !== undefined);
    const bound = await handles.bind("127.0.0.1", 0);
    let over = false;
    const owner = {
      accepted: (connection: Accepted) => void accepted.push(connection),
      failed: (error: Error) => assert.fail(error),
      over: () => void (over = true),
    };
    const turn = new Turn("door", 1, (took, failed) => handles.acceptAt(bound.handle, 64, took, failed), owner);
    lastly(t, () => turn.pass());
    return { over: () => over, port: bound.port };
  };
  lastly(t, () => {
    for (const connection of accepted) if ("close" in connection) connection.close(() => {});
  });
  const full = await take();
  for (let count = 0; count < 16; count += 1) await rawConnect(t, full.port).catch(() => undefined);
  await until(full.over, "it is over");
  const one = await take();
  const before = accepted.length;
  await rawConnect(t, one.port);
  await until(one.over, "it is over");
  assert.equal(accepted.length, before + 1);
});

test("a turn ends with the loop's turn in which its last handshake was seen to", async (t) => {
  assert.ok(handles?.bind !== undefined);
  const bound = await handles.bind("127.0.0.1", 0);
  let overs = 0;
  const owner = {
    accepted(connection: Accepted): void {
      if ("close" in connection) connection.close(() => {});
      turn.settled();
      assert.equal(overs, 0, "what was chosen is told first");
    },
    failed: (error: Error) => assert.fail(error),
    over: () => void (overs += 1),
  };
  const turn = new Turn("door", 1, (took, failed) => handles.acceptAt(bound.handle, 64, took, failed), owner);
  await rawConnect(t, bound.port);
  await until(() => overs === 1, "it is over");
  turn.pass();
  assert.equal(overs, 1);
});

for (const driver of DRIVERS) {
  test(`${driver.name}: an address that is taken, or that this machine does not have, cannot be bound`, async (t) => {
    if (driver.bind === undefined) {
      assert.throws(
        () =>
          driver.acceptAt(
            {} as Bound["handle"],
            1,
            () => {},
            () => {},
          ),
        TypeError,
      );
      return;
    }
    const first = await driver.bind("127.0.0.1", 0);
    const accepting = driver.acceptAt(
      first.handle,
      1,
      () => {},
      () => {},
    );
    lastly(t, () => accepting.stop());
    await assert.rejects(driver.bind("127.0.0.1", first.port), { code: "EADDRINUSE" });
    await assert.rejects(driver.bind("192.0.2.1", 0), { code: "EADDRNOTAVAIL" });
  });
}
