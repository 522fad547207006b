/** How limits are shared out among workers, and who is told; the workers are the test's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Lease } from "../../src/admission/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { PoolConfig } from "../../src/config/index.ts";
import { Leases } from "../../src/supervisor/leases.ts";
import { LoadBoard } from "../../src/supervisor/load-board.ts";
import type { LeaseNotice, ToWorker } from "../../src/supervisor/messages.ts";

const [ONE, TWO] = ["ws://127.0.0.1:81", "ws://127.0.0.1:82"];

type Limits = Readonly<Record<string, number | "off">>;

const poolsOf = (limits: Limits): PoolConfig[] => {
  const backends = Object.entries(limits).map(([url, maxConnections]) => ({ url, maxConnections }));
  return Object.values(parseConfig({ pools: { default: { backends } } }).config.pools);
};

/** Leases over a board, and what each worker is told. */
const start = (limits: Limits, workers = 2) => {
  const loads = new LoadBoard();
  const told: (LeaseNotice & { worker: number })[] = [];
  const seats = new Map<number, { handle: { send(message: ToWorker): void } }>();
  const leases = new Leases(poolsOf(limits), { workers, loads, seats });
  const join = (worker: number): LeaseNotice[] => {
    const send = (message: ToWorker): void => {
      if (message.type === "lease") told.push({ worker, ...message.lease });
    };
    seats.set(worker, { handle: { send } });
    loads.addWorker(worker);
    return leases.join(worker);
  };
  const load = (worker: number, backend: string, count: number): void => {
    loads.set(worker, ["default", backend, count]);
    leases.used(worker, [["default", backend, count]]);
  };
  const confirm = (worker: number, { pool, backend, order }: LeaseNotice, used: number): void =>
    leases.hear(worker, { type: "leased", pool, backend, order, used });
  const want = (worker: number, backend = ONE): void => leases.hear(worker, { type: "want", pool: "default", backend });
  return { leases, told, join, load, confirm, want, loads, seats };
};

const allowed = (notices: readonly LeaseNotice[]): (number | "off")[] => notices.map((notice) => notice.allowed);

test("a new worker begins with a part of every limit; backends without one are nobody's business", () => {
  const { join, confirm, told } = start({ [ONE]: 8, [TWO]: "off" });
  const first = join(1);
  assert.deepEqual(allowed(first), [2]);
  for (const notice of first) confirm(1, notice, 0);
  assert.deepEqual(allowed(join(2)), [2]);
  assert.deepEqual(told, []);
});

test("one worker alone needs no book", () => {
  const { join, leases, told } = start({ [ONE]: 8 }, 1);
  assert.deepEqual(join(1), []);
  leases.update(poolsOf({ [ONE]: 4 }));
  assert.deepEqual(told, []);
});

test("a worker that ends gives back what it had", () => {
  const { join, confirm, want, load, leases, told } = start({ [ONE]: 2 });
  for (const worker of [1, 2]) for (const notice of join(worker)) confirm(worker, notice, 0);
  for (const worker of [1, 2]) load(worker, ONE, 1);
  want(2);
  assert.deepEqual(allowed(told.splice(0)), [1], "there is nothing to be had");
  leases.leave(1);
  assert.deepEqual(told, [], "an order at a time");
  leases.hear(2, { type: "leased", pool: "default", backend: ONE, order: 3, used: 1 });
  assert.deepEqual(allowed(told), [2]);
});

test("a limit that comes by a reload takes no more back than nobody uses, and one that goes is told", () => {
  const { join, load, leases, told, confirm } = start({ [ONE]: "off" });
  for (const worker of [1, 2]) join(worker);
  load(1, ONE, 5);
  load(2, ONE, 1);
  leases.update(poolsOf({ [ONE]: 10 }));
  assert.deepEqual(allowed(told), [7, 3]);
  for (const notice of told.splice(0)) confirm(notice.worker, notice, 1);
  leases.update(poolsOf({ [ONE]: "off" }));
  assert.deepEqual(allowed(told), ["off", "off"]);
});

test("an answer to an order for a backend that was removed and has come back does not count for the new one", () => {
  const { join, leases, told, confirm, want } = start({ [ONE]: 1 });
  const [order] = [...join(1), ...join(2)];
  assert.ok(order);
  leases.update([]);
  leases.update(poolsOf({ [ONE]: 1 }));
  want(1);
  want(2);
  const given = told.splice(0);
  assert.deepEqual(allowed(given), [1]);
  confirm(1, order, 0);
  assert.deepEqual(told, [], "the new order has not been answered");
});

/** A worker as far as leases are concerned, behind a channel that keeps its order. */
const clientOf = (worker: number, limit: number | "off") => ({
  worker,
  lease: new Lease(limit),
  used: 0,
  waiting: 0,
  inbox: [] as LeaseNotice[],
});

test("whatever comes, goes, crashes and is changed, workers never have more than the limit, and use all of it", () => {
  const anyStep = fc.record({
    what: fc.constantFrom("open", "open", "open", "close", "deliver", "deliver", "crash"),
    who: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(anyStep, { maxLength: 80 }), (limit, steps) => {
      const { join, load, confirm, want, leases, told, loads, seats } = start({ [ONE]: limit }, 3);
      let lastWorker = 0;
      const begin = () => {
        lastWorker += 1;
        const client = clientOf(lastWorker, limit);
        client.inbox.push(...join(lastWorker));
        return client;
      };
      const clients = [begin(), begin(), begin()];
      const spread = (): void => {
        for (const { worker, ...notice } of told.splice(0)) {
          clients.find((client) => client.worker === worker)?.inbox.push(notice);
        }
      };
      const serve = (client: ReturnType<typeof clientOf>): void => {
        for (; client.waiting > 0 && client.lease.hasRoom(client.used); client.waiting -= 1) client.used += 1;
      };
      const ask = (client: ReturnType<typeof clientOf>): void => {
        if (client.waiting > 0 && client.lease.want()) want(client.worker);
      };
      const deliver = (client: ReturnType<typeof clientOf>): boolean => {
        const notice = client.inbox.shift();
        if (notice === undefined) return false;
        client.lease.order(notice.allowed);
        serve(client);
        confirm(client.worker, notice, client.used);
        ask(client);
        return true;
      };
      const check = (): void => {
        spread();
        assert.ok(clients.reduce((sum, { used }) => sum + used, 0) <= limit);
      };
      for (const { what, who } of steps) {
        const client = clients[who]!;
        if (what === "open") {
          client.waiting += 1;
          serve(client);
          load(client.worker, ONE, client.used);
          ask(client);
        } else if (what === "close" && client.used > 0) {
          client.used -= 1;
          serve(client);
          load(client.worker, ONE, client.used);
        } else if (what === "deliver") deliver(client);
        else if (what === "crash") {
          seats.delete(client.worker);
          loads.removeWorker(client.worker);
          leases.leave(client.worker);
          clients[who] = begin();
        }
        check();
      }
      for (let round = 0; round < 200 && clients.map(deliver).some(Boolean); round += 1) check();
      const used = clients.reduce((sum, one) => sum + one.used, 0);
      const waiting = clients.reduce((sum, one) => sum + one.waiting, 0);
      assert.equal(used, Math.min(limit, used + waiting), "nobody waits while there are places");
    }),
    { numRuns: 500 },
  );
});
