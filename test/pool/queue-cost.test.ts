/** What it costs to keep thousands waiting: counted, since a storm comes with as many releases as there are who wait. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import { Admission } from "../../src/pool/admission.ts";
import { Backend } from "../../src/pool/backend.ts";
import { Pool } from "../../src/pool/index.ts";
import type { Seeker, Waiter } from "../../src/pool/index.ts";
import { factsOf } from "./facts.ts";

const CROWD = 1_000;
/** What each event may cost, however many wait. */
const FEW = 10;

const FACTS = factsOf();

const NAMES = ["ws://one.test:81", "ws://two.test:81"] as const;

/** Two backends, of which the first one that is open is taken. Every look at one, and every choice, counts. */
const counted = (admission: object) => {
  const { config } = parseConfig({ pools: { default: { backends: [...NAMES], admission } } });
  const [pool] = Object.values(config.pools);
  assert.ok(pool);
  const [one, two] = pool.backends.map((options) => new Backend(options));
  assert.ok(one !== undefined && two !== undefined);
  const backends = [one, two];
  for (const { gate } of backends) gate.lease.order(pool.admission.maxConnections);
  let now = 0;
  let cost = 0;
  const isOpen = (kind: Seeker["kind"], backend: Backend): boolean => {
    cost += 1;
    return backend.takesNew && backend.hasRoom && !(kind === "tunnel" && gates.isPaced(backend));
  };
  const gates: Admission = new Admission(
    {
      config: () => pool,
      members: () => backends,
      isOpen: (kind, opened) => (opened === undefined ? backends : [opened]).some((backend) => isOpen(kind, backend)),
      take({ kind, failed }) {
        const backend = backends.find((each) => !failed.includes(each) && isOpen(kind, each));
        if (backend === undefined) return undefined;
        backend.own += 1;
        gates.taken(backend, kind);
        return backend;
      },
      show: () => {},
    },
    { clock: { now: () => now, wall: () => now }, workers: 1, onWant: () => {}, later: () => () => {} },
  );
  gates.configure(pool, backends);
  const crowd = (failed: readonly Backend[]) =>
    Array.from({ length: CROWD }, () => {
      const own = [...failed];
      const waiter = gates.wait({ kind: "tunnel", facts: FACTS, failed: own, leaves: true });
      assert.ok(waiter);
      return { failed: own, waiter };
    });
  /** What doing this costs, in looks at backends. */
  const costOf = (run: () => void): number => {
    cost = 0;
    run();
    return cost;
  };
  return { gates, one, two, crowd, costOf, pass: (time: number) => void (now += time) };
};

const claimAll = ({ gates, one, two }: ReturnType<typeof counted>): void => {
  for (const other of [one, two]) gates.claim({ kind: "tunnel", facts: FACTS, failed: [other] });
};

interface Waiting {
  readonly failed: Backend[];
  readonly waiter: Waiter;
}

const forget = (all: readonly Waiting[]): void => {
  for (const { failed, waiter } of all) {
    failed.length = 0;
    waiter.again();
  }
};

test("where all backends are paced, whatever happens costs the same however many wait", () => {
  const world = counted({ rate: 10, burst: 1 });
  claimAll(world);
  const { gates, one, crowd, costOf, pass } = world;
  const all = crowd([one]);
  assert.ok(costOf(() => forget(all)) <= FEW * CROWD);
  const releases = (): void => {
    for (let at = 0; at < CROWD; at += 1) gates.wake(one);
  };
  assert.ok(costOf(releases) <= FEW * CROWD);
  pass(100);
  const cost = costOf(() => gates.claim({ kind: "tunnel", facts: FACTS, failed: [] }));
  assert.equal(gates.queued, CROWD - 2, "one for each token");
  assert.ok(cost <= 2 * FEW);
});

test("where the one that is open has failed for all who wait, a place with another one costs as much as one who takes it", () => {
  const world = counted({ maxConnections: CROWD });
  const { gates, one, two, crowd, costOf } = world;
  two.own = CROWD;
  const all = crowd([one]);
  assert.equal(gates.queued, CROWD);
  const cost = costOf(() => {
    for (let at = 0; at < CROWD / 2; at += 1) {
      two.own -= 1;
      gates.wake(two);
    }
  });
  assert.equal(gates.queued, CROWD / 2);
  assert.ok(cost <= FEW * CROWD);
  assert.ok(costOf(() => forget(all)) <= FEW * CROWD, "who has been served is not served again");
  assert.deepEqual([gates.queued, one.own, two.own], [0, CROWD / 2, CROWD]);
});

test("a place that got free while somebody made up its mind to wait is its own", async () => {
  const { gates, one } = counted({ maxConnections: 1 });
  const waiter = gates.wait({ kind: "tunnel", facts: FACTS, failed: [], leaves: true });
  assert.equal(await waiter?.place, one);
});

test("a place that is given back where there was room already makes nobody look", () => {
  const [one, two] = NAMES;
  const { config } = parseConfig({ backends: [one, { url: two, maxConnections: 1 }] });
  const [options] = Object.values(config.pools);
  assert.ok(options);
  let looks = 0;
  const clock = { now: () => 0, wall: () => 0 };
  const world = {
    clock,
    random: seededRandom(1),
    workers: 1,
    onLoad: () => {},
    onWant: () => {},
    later: () => () => {},
  };
  const pool = new Pool(options, "secret", world);
  const pick = pool.pick.bind(pool);
  pool.pick = (seeker) => {
    looks += 1;
    return pick(seeker);
  };
  const [open, full] = pool.members;
  assert.ok(open !== undefined && full !== undefined);
  pool.acquire(full);
  for (let at = 0; at < CROWD; at += 1) pool.wait({ kind: "tunnel", facts: FACTS, failed: [open], leaves: true });
  looks = 0;
  for (let at = 0; at < CROWD; at += 1) {
    pool.acquire(open);
    pool.release(open);
  }
  assert.deepEqual([looks, pool.queued], [0, CROWD]);
  pool.release(full);
  assert.deepEqual([looks, pool.queued], [1, CROWD - 1]);
});
