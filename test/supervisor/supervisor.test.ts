/** What the supervisor makes of what its workers tell; the workers are the test's own, and only say their lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { silentLogger, systemClock } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { WorkerCounts } from "../../src/metrics/index.ts";
import type { FromWorker, ToWorker } from "../../src/supervisor/messages.ts";
import { Supervisor } from "../../src/supervisor/supervisor.ts";
import { discard } from "../../src/wire/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { until } from "../kit/until.ts";
import { UNMEASURED } from "./unmeasured.ts";

/** A worker of which the test says what it tells. */
interface Puppet {
  readonly got: ToWorker[];
  tell(message: FromWorker): void;
  die(): void;
}

/** Lets a turn of the event loop pass, at whose end loads are told. */
const turn = (): Promise<void> => new Promise(setImmediate);

const [ONE, TWO] = ["ws://127.0.0.1:81", "ws://127.0.0.1:82"];
const BACKENDS = [ONE, TWO];

const counted = (tunnels: number, open = 0): WorkerCounts => ({
  handshakes: 0,
  tunnels: open,
  requests: 0,
  connections: open,
  refusedTunnels: 0,
  refusedConnections: 0,
  queued: {},
  pools: { default: { [ONE]: { open, inFlight: 0, load: open, tunnels, requests: 0, failures: 0 } } },
  metrics: UNMEASURED,
});

/** A supervisor whose workers are ready at once, and go when they are told to. */
const startPuppets = async (t: TestContext, workers: number, maxTunnels: number | "auto" = "auto") => {
  const puppets: Puppet[] = [];
  const limits = { maxTunnels };
  const { config } = parseConfig({ listen: "127.0.0.1:0", admin: "off", backends: BACKENDS, limits });
  const supervisor = new Supervisor(config, {
    clock: systemClock,
    random: () => 0,
    logger: silentLogger,
    workers,
    descriptors: 20_000,
    version: "0",
    remote: false,
    spawn: (onMessage, onExit) => {
      const got: ToWorker[] = [];
      let gone = false;
      const die = (): void => {
        if (!gone) queueMicrotask(() => onExit("SIGKILL"));
        gone = true;
      };
      puppets.push({ got, tell: onMessage, die });
      return {
        pid: puppets.length,
        send(message) {
          got.push(message);
          if (message.type === "start") queueMicrotask(() => onMessage({ type: "ready" }));
        },
        give: (_listener, accepted) => discard(accepted),
        kill: die,
      };
    },
  });
  await supervisor.open();
  lastly(t, () => supervisor.kill());
  const puppet = (index: number): Puppet => {
    const found = puppets[index];
    assert.ok(found, `worker ${index} has been started`);
    return found;
  };
  return { supervisor, puppets, puppet };
};

const lastOthers = ({ got }: Puppet) => got.findLast((message) => message.type === "others")?.changes;
const startOf = ({ got }: Puppet) => got.find((message) => message.type === "start")?.start;

test("what one worker has is told to all others, and not to itself", async (t) => {
  const { puppet } = await startPuppets(t, 3);
  puppet(0).tell({ type: "load", changes: [["default", TWO, 4]], connections: 4 });
  puppet(1).tell({ type: "load", changes: [["default", TWO, 2]], connections: 2 });
  await turn();
  assert.deepEqual(lastOthers(puppet(0)), [["default", TWO, 2]]);
  assert.deepEqual(lastOthers(puppet(1)), [["default", TWO, 4]]);
  assert.deepEqual(lastOthers(puppet(2)), [["default", TWO, 6]]);
});

test("a worker that ends gives back what it had: the others are told, and so is its successor", async (t) => {
  const { puppet, puppets } = await startPuppets(t, 2);
  puppet(0).tell({ type: "load", changes: [["default", ONE, 5]], connections: 5 });
  puppet(1).tell({ type: "load", changes: [["default", TWO, 3]], connections: 3 });
  await turn();
  assert.deepEqual(lastOthers(puppet(1)), [["default", ONE, 5]]);
  // One that has gone leaves; that it is replaced at once is not the point here.
  puppet(0).tell({ type: "leaving" });
  await turn();
  assert.deepEqual(startOf(puppet(2))?.others, [
    ["default", ONE, 5],
    ["default", TWO, 3],
  ]);
  puppet(0).die();
  for (const one of [puppet(1), puppet(2)]) {
    await until(() => isDeepStrictEqual(lastOthers(one), [["default", ONE, 0]]), "it is told");
  }
  assert.equal(puppets.length, 3, "nobody is started in its place again");
});

test("one that leaves is drained only when its successor serves, and may settle first", async (t) => {
  const { puppet } = await startPuppets(t, 2);
  puppet(0).tell({ type: "leaving" });
  assert.ok(!puppet(0).got.some(({ type }) => type === "drain"), "its successor is not ready yet");
  await turn();
  assert.deepEqual(puppet(0).got.at(-1), { type: "drain", over: 10_000, settle: true });
  puppet(0).tell({ type: "leaving" });
  await turn();
  assert.equal(puppet(0).got.filter(({ type }) => type === "drain").length, 1, "once");
});

test("what one worker sees of a backend's health all are told, also those that come later", async (t) => {
  const { puppet } = await startPuppets(t, 2);
  for (const index of [0, 1, 0])
    puppet(index).tell({ type: "signal", pool: "default", backend: TWO, signal: "dial-failed" });
  for (const index of [0, 1]) {
    const last = puppet(index).got.at(-1);
    assert.deepEqual(last, {
      type: "health",
      notice: { pool: "default", backend: TWO, healthy: false, watched: false },
    });
  }
  puppet(0).tell({ type: "leaving" });
  assert.deepEqual(
    startOf(puppet(2))?.health.map(({ healthy }) => healthy),
    [true, false],
  );
});

test("all workers get the same secrets", async (t) => {
  const { puppets } = await startPuppets(t, 3);
  const starts = puppets.map(startOf);
  assert.equal(new Set(starts.map((start) => start?.secret)).size, 1);
  assert.equal(new Set(starts.map((start) => start?.ticketKeys)).size, 1);
  assert.deepEqual(
    starts.map((start) => start?.workerId),
    [1, 2, 3],
  );
});

const roomOf = ({ got }: Puppet): number | undefined =>
  got.findLast((message) => message.type === "room")?.tunnels ?? startOf({ got, tell() {}, die() {} })?.room.tunnels;

test("the tunnels of an instance are shared out, and one that replaces another gets what that one has left", async (t) => {
  const { puppet, supervisor } = await startPuppets(t, 3, 100);
  assert.deepEqual([0, 1, 2].map(puppet).map(roomOf), [34, 33, 33]);
  assert.equal((await supervisor.status()).maxTunnels, 100);
  puppet(0).tell({ type: "load", changes: [], connections: 30 });
  puppet(0).tell({ type: "leaving" });
  assert.equal(roomOf(puppet(3)), 4);
  // Until its successor is ready it gets connections as before.
  puppet(0).tell({ type: "load", changes: [], connections: 34 });
  await turn();
  assert.equal(roomOf(puppet(3)), 0);
  puppet(0).tell({ type: "load", changes: [], connections: 21 });
  assert.equal(roomOf(puppet(3)), 13);
  puppet(0).die();
  await turn();
  assert.equal(roomOf(puppet(3)), 34);
  assert.deepEqual([1, 2].map(puppet).map(roomOf), [33, 33]);
});

test("what the limit on open files gives is each worker's own, also beside one that leaves", async (t) => {
  const { puppet, supervisor } = await startPuppets(t, 2);
  const each = roomOf(puppet(0)) ?? 0;
  assert.ok(each > 9_000 && each < 10_000);
  puppet(0).tell({ type: "load", changes: [], connections: 5_000 });
  puppet(0).tell({ type: "leaving" });
  await turn();
  assert.equal(roomOf(puppet(2)), each);
  assert.equal((await supervisor.status()).maxTunnels, 2 * each);
});

test("a worker that does not answer is shown as it was, and its totals count once when it has gone", async (t) => {
  const { supervisor, puppet } = await startPuppets(t, 2);
  const answer = (index: number, counts: WorkerCounts): void => {
    const question = puppet(index).got.findLast((message) => message.type === "count");
    if (question !== undefined) puppet(index).tell({ type: "counts", request: question.request, counts });
  };
  const total = async (answers: () => void): Promise<readonly [number | undefined, number]> => {
    const asked = supervisor.status();
    answers();
    const { pools, tunnels } = await asked;
    return [pools[0]?.backends[0]?.tunnels, tunnels];
  };
  const both = (): void => {
    answer(0, counted(10, 2));
    answer(1, counted(5, 1));
  };
  assert.deepEqual(await total(both), [15, 3]);
  assert.deepEqual(await total(() => answer(1, counted(6, 2))), [16, 4], "the first one is frozen");
  const dies = (): void => {
    answer(1, counted(6, 2));
    puppet(0).die();
  };
  assert.deepEqual(await total(dies), [16, 2], "it crashes while it is asked");
  puppet(1).tell({ type: "leaving" });
  puppet(1).tell({ type: "drained", clean: true, counts: counted(9) });
  await turn();
  assert.equal((await total(() => {}))[0], 19);
});

test("limits and warming that a reload brings are told behind it, and by what workers have; a crash gives all back", async (t) => {
  const { supervisor, puppet } = await startPuppets(t, 2);
  puppet(0).tell({ type: "load", changes: [["default", ONE, 3]], connections: 3 });
  puppet(1).tell({ type: "load", changes: [["default", ONE, 1]], connections: 1 });
  const added = "ws://127.0.0.1:83";
  const backends = [{ url: ONE, maxConnections: 6 }, TWO, added];
  const { config } = parseConfig({
    listen: "127.0.0.1:0",
    admin: "off",
    pools: { default: { backends, admission: { slowStart: "1m" } } },
  });
  void supervisor.reconfigure(config);
  await until(() => puppet(1).got.some(({ type }) => type === "plan"), "the plan is told");
  for (const [index, allowed] of [4, 2].entries()) {
    const { got, tell } = puppet(index);
    const plan = got.findLastIndex(({ type }) => type === "plan");
    const order = got.slice(plan).find((message) => message.type === "lease");
    assert.equal(order?.lease.allowed, allowed);
    const { pool, backend, order: number } = order.lease;
    tell({ type: "leased", pool, backend, order: number, used: [3, 1][index] ?? 0 });
    const message = got[plan];
    assert.ok(message?.type === "plan");
    assert.deepEqual(
      message.plan.warm.map(([, name]) => name),
      [added],
    );
  }
  puppet(1).tell({ type: "want", pool: "default", backend: ONE });
  puppet(0).die();
  const lastLease = () => puppet(1).got.findLast((message) => message.type === "lease")?.lease.allowed;
  await until(() => lastLease() === 3, "the one that is left gets a part of what is free");
});
