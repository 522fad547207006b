/** The pace of a drain, on a clock that moves only when everybody waits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { drainGateway, DRAIN_GRACE_MS } from "../../src/supervisor/drain.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

const settled = (): Promise<void> => new Promise(setImmediate);

/** Time passes from one sleeper to the next. */
const world = () => {
  let now = 1_000;
  let sleepers: Sleeper[] = [];
  const sleep = (time: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const sleeper = { until: now + time, wake: resolve };
      sleepers.push(sleeper);
      signal.addEventListener("abort", () => {
        sleepers = sleepers.filter((one) => one !== sleeper);
        reject(new Error("stopped"));
      });
    });
  /** Lets time pass until nobody sleeps any more. */
  const pass = async (): Promise<void> => {
    for (;;) {
      await settled();
      const next = sleepers.toSorted((one, other) => one.until - other.until)[0];
      if (next === undefined) return;
      sleepers = sleepers.filter((one) => one !== next);
      now = next.until;
      next.wake();
    }
  };
  const elapsed = (): number => now - 1_000;
  return { clock: { now: () => now, wall: () => now }, sleep, pass, elapsed };
};

type World = ReturnType<typeof world>;

/** Something that is drained: tunnels that end as soon as they are told to, unless they are deaf, and requests. */
const gatewayIn = (place: World, count: number, options: { deaf?: boolean } = {}) => {
  const ends: number[] = [];
  let requests = 0;
  let onIdle = (): void => {};
  const check = (): void => {
    if (tunnels.size + requests === 0) onIdle();
  };
  const makeTunnel = () => {
    const tunnel = {
      cause: undefined as string | undefined,
      end(cause: "shutdown") {
        assert.equal(tunnel.cause, undefined, "nobody is told twice");
        tunnel.cause = cause;
        ends.push(place.elapsed());
        if (options.deaf === true) return;
        tunnels.delete(life);
        check();
      },
    };
    const life = { tunnel };
    return life;
  };
  const tunnels = new Set(Array.from({ length: count }, makeTunnel));
  return {
    ends,
    draining: false,
    tunnels,
    world: place,
    idle: () =>
      new Promise<void>((resolve) => {
        onIdle = resolve;
        check();
      }),
    arrive: () => void tunnels.add(makeTunnel()),
    begin: () => void (requests += 1),
    answer() {
      requests -= 1;
      check();
    },
  };
};

const listener = (answered: Promise<void> = Promise.resolve()) => {
  const seen = { idleClosed: 0 };
  return { seen, closeIdle: () => void (seen.idleClosed += 1), answered: () => answered };
};

/** Drains to the end, and gives whether it was clean. */
const drain = async (
  place: World,
  gateway: ReturnType<typeof gatewayIn>,
  over: number,
  entrance = listener(),
): Promise<boolean> => {
  const done = drainGateway(gateway, [entrance], over, place.sleep);
  await place.pass();
  return done;
};

test("tunnels are ended evenly over the whole time, the last of them within it", async () => {
  const tunnels = fc.integer({ min: 1, max: 400 });
  const times = fc.integer({ min: 1, max: 20_000 });
  await fc.assert(
    fc.asyncProperty(tunnels, times, async (count, over) => {
      const place = world();
      const gateway = gatewayIn(place, count);
      assert.equal(await drain(place, gateway, over), true);
      assert.equal(gateway.ends.length, count);
      // Never further from an even pace than one step of 50 ms and one tunnel.
      for (const [at, time] of gateway.ends.entries()) {
        const even = (at / count) * over;
        assert.ok(Math.abs(time - even) <= 100 + over / count, `number ${at} of ${count} at ${time} of ${over} ms`);
      }
      assert.ok((gateway.ends.at(-1) ?? 0) <= over + 50);
    }),
    { numRuns: 40 },
  );
});

test("a single tunnel is ended at once, whatever the time", async () => {
  const place = world();
  const gateway = gatewayIn(place, 1);
  assert.equal(await drain(place, gateway, 60_000), true);
  assert.deepEqual(gateway.ends, [0]);
});

test("without time all are ended at once", async () => {
  const place = world();
  const gateway = gatewayIn(place, 100);
  assert.equal(await drain(place, gateway, 0), true);
  assert.deepEqual(new Set(gateway.ends), new Set([0]));
});

test("with nothing open it is over at once; idle connections are closed, and new handshakes are refused from then on", async () => {
  const place = world();
  const gateway = gatewayIn(place, 0);
  const entrance = listener();
  const done = drainGateway(gateway, [entrance], 60_000, place.sleep);
  assert.equal(gateway.draining, true);
  assert.equal(entrance.seen.idleClosed, 1);
  assert.equal(await done, true);
  assert.equal(place.elapsed(), 0);
});

test("tunnels that do not end meet the deadline", async () => {
  const place = world();
  const gateway = gatewayIn(place, 3, { deaf: true });
  assert.equal(await drain(place, gateway, 1_000), false);
  assert.equal(place.elapsed(), 1_000 + DRAIN_GRACE_MS);
  assert.equal(gateway.ends.length, 3, "each was told");
});

test("a tunnel that began while the others were ended is ended within the time too", async () => {
  const place = world();
  const gateway = gatewayIn(place, 2);
  const done = drainGateway(gateway, [listener()], 1_000, place.sleep);
  await settled();
  gateway.arrive();
  await place.pass();
  assert.equal(await done, true);
  assert.equal(gateway.ends.length, 3);
  assert.ok((gateway.ends.at(-1) ?? 0) <= 1_050);
});

test("requests in flight are waited for, and their answers until they have left", async () => {
  const place = world();
  const gateway = gatewayIn(place, 0);
  gateway.begin();
  const sent = Promise.withResolvers<void>();
  let over = false;
  const done = drainGateway(gateway, [listener(sent.promise)], 1_000, place.sleep).then((clean) => {
    over = true;
    return clean;
  });
  await settled();
  gateway.answer();
  await settled();
  assert.equal(over, false, "the answer has not left yet");
  sent.resolve();
  assert.equal(await done, true);
  assert.equal(place.elapsed(), 0);
});

test("a request that is never answered meets the deadline", async () => {
  const place = world();
  const gateway = gatewayIn(place, 0);
  gateway.begin();
  assert.equal(await drain(place, gateway, 500), false);
  assert.equal(place.elapsed(), 500 + DRAIN_GRACE_MS);
});
