import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { Lease, LeaseBook } from "../../src/admission/index.ts";
import type { Allowed, LeaseOrder } from "../../src/admission/index.ts";

type Up = { readonly kind: "want" } | { readonly kind: "used" | "confirmed"; readonly used: number };

/**
 * A worker as the book's other end: it opens what its lease has room for, and clients wait for the rest. Like the real one it
 * wants more as soon as it has used up its part, before there is a client for it.
 */
class Worker {
  readonly lease: Lease;
  used = 0;
  waiting = 0;
  /** How often it has heard, while clients waited, that there is nothing to be had. */
  refusals = 0;
  readonly up: Up[] = [];
  readonly down: Allowed[] = [];

  constructor(limit: Allowed) {
    this.lease = new Lease(limit);
  }
}

/** A book and its workers; each message stays under way until somebody delivers it. */
class World {
  readonly workers = new Set<Worker>();
  readonly book: LeaseBook<Worker>;
  limit: Allowed;
  /** The greatest limit that somebody may still believe in. */
  ceiling: number;

  constructor(limit: Allowed, count: number) {
    this.limit = limit;
    this.ceiling = limit === "off" ? Infinity : limit;
    this.book = new LeaseBook(limit);
    for (let index = 0; index < count; index += 1) this.join();
  }

  get used(): number {
    return [...this.workers].reduce((sum, { used }) => sum + used, 0);
  }

  get waiting(): number {
    return [...this.workers].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  nth(index: number): Worker | undefined {
    return [...this.workers][index % Math.max(1, this.workers.size)];
  }

  join(): Worker {
    const worker = new Worker(this.limit);
    this.workers.add(worker);
    this.post(this.book.join(worker));
    return worker;
  }

  leave(worker: Worker): void {
    this.workers.delete(worker);
    this.post(this.book.leave(worker));
  }

  setLimit(limit: Allowed): void {
    this.limit = limit;
    this.ceiling = Math.max(this.ceiling, limit === "off" ? Infinity : limit);
    this.post(this.book.setLimit(limit));
  }

  arrive(worker: Worker): void {
    worker.waiting += 1;
    this.serve(worker);
  }

  end(worker: Worker): void {
    if (worker.used === 0) return;
    worker.used -= 1;
    worker.up.push({ kind: "used", used: worker.used });
    this.serve(worker);
  }

  /** Delivers the oldest message of a worker in one direction; whether there was one. */
  deliver(worker: Worker, direction: "up" | "down"): boolean {
    if (direction === "down") {
      const allowed = worker.down.shift();
      if (allowed === undefined) return false;
      worker.lease.order(allowed);
      if (worker.lease.full && worker.waiting > 0) worker.refusals += 1;
      const opened = this.open(worker);
      worker.up.push({ kind: "confirmed", used: worker.used });
      this.want(worker, opened);
      return true;
    }
    const message = worker.up.shift();
    if (message === undefined) return false;
    if (message.kind === "want") this.post(this.book.want(worker));
    else this.post(this.book[message.kind](worker, message.used));
    return true;
  }

  /** Delivers all there is, and all that follows from it. */
  calm(): void {
    let delivered = 0;
    for (let more = true; more;) {
      more = false;
      for (const worker of this.workers) {
        for (const direction of ["up", "down"] as const) {
          if (!this.deliver(worker, direction)) continue;
          more = true;
          delivered += 1;
        }
      }
      assert.ok(delivered < 5_000, "messages never end");
    }
    this.ceiling = this.limit === "off" ? Infinity : this.limit;
  }

  private post(orders: readonly LeaseOrder<Worker>[]): void {
    for (const { worker, allowed } of orders) {
      assert.ok(this.workers.has(worker), "an order for a worker that has left");
      assert.ok(allowed === "off" || (Number.isInteger(allowed) && allowed >= 0), `an order for ${allowed}`);
      worker.down.push(allowed);
    }
  }

  private serve(worker: Worker): void {
    const opened = this.open(worker);
    if (opened) worker.up.push({ kind: "used", used: worker.used });
    this.want(worker, opened);
  }

  private want(worker: Worker, opened: boolean): void {
    const lacks = worker.waiting > 0 || (opened && !worker.lease.hasRoom(worker.used));
    if (lacks && worker.lease.want()) worker.up.push({ kind: "want" });
  }

  private open(worker: Worker): boolean {
    const before = worker.used;
    while (worker.waiting > 0 && worker.lease.hasRoom(worker.used)) {
      worker.waiting -= 1;
      worker.used += 1;
      assert.ok(this.used <= this.ceiling, `${this.used} are open where ${this.ceiling} may be`);
    }
    return worker.used > before;
  }
}

type Step =
  | { readonly do: "arrive" | "end" | "leave" | "giveUp"; readonly at: number }
  | { readonly do: "deliver"; readonly at: number; readonly direction: "up" | "down" }
  | { readonly do: "join" | "calm" }
  | { readonly do: "limit"; readonly to: Allowed };

const at = fc.nat(7);
const traffic: fc.Arbitrary<Step>[] = [
  fc.record({ do: fc.constantFrom("arrive" as const, "end" as const), at }),
  fc.record({ do: fc.constant("arrive" as const), at }),
  fc.record({ do: fc.constant("deliver" as const), at, direction: fc.constantFrom("up" as const, "down" as const) }),
  fc.record({ do: fc.constant("deliver" as const), at, direction: fc.constantFrom("up" as const, "down" as const) }),
  fc.record({ do: fc.constant("giveUp" as const), at }),
];
const upheaval: fc.Arbitrary<Step>[] = [
  fc.record({ do: fc.constant("leave" as const), at }),
  fc.record({ do: fc.constantFrom("join" as const, "calm" as const) }),
];
const anyLimit: fc.Arbitrary<Allowed> = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 60 }));
const anyCount = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 8 }));
const LENGTHS = { maxLength: 200, size: "max" } as const;

function run(world: World, steps: readonly Step[]): void {
  for (const step of steps) {
    const worker = "at" in step ? world.nth(step.at) : undefined;
    if (step.do === "join") {
      if (world.workers.size < 8) world.join();
    } else if (step.do === "calm") world.calm();
    else if (step.do === "limit") world.setLimit(step.to);
    else if (worker === undefined) continue;
    else if (step.do === "deliver") world.deliver(worker, step.direction);
    else if (step.do === "arrive") world.arrive(worker);
    else if (step.do === "end") world.end(worker);
    else if (step.do === "giveUp") worker.waiting = Math.max(0, worker.waiting - 1);
    else world.leave(worker);
  }
}

/** Once all messages have come, clients wait only where there is nothing to be had. */
function assertServed(world: World): void {
  world.calm();
  if (world.waiting > 0)
    assert.ok(world.limit !== "off" && world.used >= world.limit, "clients wait beside free places");
  for (const { waiting, lease } of world.workers)
    if (waiting > 0) assert.ok(lease.full, "nobody says that all is full");
}

describe("leases, however messages are delayed,", () => {
  test("never let more in than the limit", () => {
    fc.assert(
      fc.property(anyLimit, anyCount, fc.array(fc.oneof(...traffic, ...upheaval), LENGTHS), (limit, count, steps) => {
        run(new World(limit, count), steps); // each opening is judged
      }),
      { numRuns: 400 },
    );
  });

  test("never leave a client waiting while there is a place, and come to rest", () => {
    fc.assert(
      fc.property(anyLimit, anyCount, fc.array(fc.oneof(...traffic, ...upheaval), LENGTHS), (limit, count, steps) => {
        const world = new World(limit, count);
        run(world, steps);
        assertServed(world);
        // Also not after some have ended.
        for (const worker of world.workers) world.end(worker);
        assertServed(world);
      }),
      { numRuns: 400 },
    );
  });

  test("follow a limit that changes, and once they have, open nothing above it", () => {
    const change = fc.record({
      do: fc.constant("limit" as const),
      to: fc.oneof(anyLimit, fc.constant("off" as const)),
    });
    fc.assert(
      fc.property(
        fc.oneof(anyLimit, fc.constant("off" as const)),
        anyCount,
        fc.array(fc.oneof(...traffic, ...upheaval, change), LENGTHS),
        (limit, count, steps) => {
          const world = new World(limit, count);
          run(world, steps);
          assertServed(world);
          for (const worker of world.workers) world.arrive(worker);
          assertServed(world);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("leases", () => {
  test("refuse nobody before all places are taken, though workers want places that they may not need", () => {
    fc.assert(
      fc.property(anyLimit, anyCount, fc.array(fc.oneof(...traffic), LENGTHS), (limit, count, steps) => {
        const world = new World(limit, count);
        let left = Number(limit);
        const arrivals = steps.filter((step) => step.do === "deliver" || (step.do === "arrive" && left-- > 0));
        run(world, arrivals);
        world.calm();
        for (const { refusals, waiting } of world.workers) assert.deepEqual([refusals, waiting], [0, 0]);
      }),
      { numRuns: 400 },
    );
  });

  test("of a single place go to whichever of four workers has a client", () => {
    const world = new World(1, 4);
    for (let round = 0; round < 12; round += 1) {
      const worker = world.nth(round)!;
      world.arrive(worker);
      world.calm();
      assert.equal(worker.used, 1);
      world.end(worker);
      world.calm();
    }
  });

  test("say that there is nothing to be had, and give the place to whoever waits when there is", () => {
    const world = new World(2, 3);
    const [first, second, third] = [...world.workers] as [Worker, Worker, Worker];
    world.arrive(first);
    world.arrive(second);
    world.calm();
    world.arrive(third);
    assert.equal(third.lease.full, false);
    world.calm();
    assert.deepEqual([third.used, third.lease.full], [0, true]);
    world.end(first);
    world.calm();
    assert.equal(third.used, 1);
  });

  test("are not refused while somebody may have something to spare", () => {
    const world = new World(2, 3);
    const [first, second, third] = [...world.workers] as [Worker, Worker, Worker];
    for (let client = 0; client < 2; client += 1) world.arrive(first);
    world.calm();
    world.end(first);
    world.end(first);
    world.calm();
    world.arrive(second);
    world.arrive(third);
    world.calm();
    assert.deepEqual([second.used, third.used, second.refusals, third.refusals], [1, 1, 0, 0]);
  });

  test("let one worker have all, if the others have nothing to do", () => {
    const world = new World(100, 4);
    const worker = world.nth(0)!;
    for (let client = 0; client < 100; client += 1) {
      world.arrive(worker);
      world.calm();
    }
    assert.equal(worker.used, 100);
  });

  test("of a worker that has ended go to the others", () => {
    const world = new World(4, 2);
    const [first, second] = [...world.workers] as [Worker, Worker];
    for (let client = 0; client < 4; client += 1) world.arrive(first);
    world.calm();
    world.arrive(second);
    world.calm();
    assert.deepEqual([first.used, second.used], [4, 0]);
    world.leave(first);
    world.calm();
    assert.equal(second.used, 1);
  });

  test("of a limit that is lowered below what is used open nothing until enough has ended", () => {
    const world = new World("off", 3);
    for (const worker of world.workers) for (let client = 0; client < 4; client += 1) world.arrive(worker);
    world.setLimit(5);
    world.calm();
    assert.equal(world.used, 12);
    for (const worker of world.workers) world.arrive(worker);
    world.calm();
    assert.deepEqual([world.used, world.waiting], [12, 3]);
    for (let left = 12; left > 5; left -= 1) {
      world.end([...world.workers].toSorted((a, b) => b.used - a.used)[0]!);
      world.calm();
      assert.equal(world.used, left - 1);
    }
    world.end([...world.workers].toSorted((a, b) => b.used - a.used)[0]!);
    world.calm();
    assert.deepEqual([world.used, world.waiting], [5, 2]);
  });

  test("without a limit need no message at all", () => {
    const world = new World("off", 4);
    for (const worker of world.workers) world.arrive(worker);
    assert.ok([...world.workers].every(({ down, used }) => down.length === 0 && used === 1));
  });

  test("of a backend that was without a limit leave everybody what it uses", () => {
    const world = new World("off", 4);
    for (const worker of world.workers) for (let client = 0; client < 10; client += 1) world.arrive(worker);
    world.calm();
    world.setLimit(80);
    world.calm();
    for (const worker of world.workers) assert.ok(worker.lease.hasRoom(worker.used));
  });
});
