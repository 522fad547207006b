/** Whatever happens to a tunnel that can be re-homed, it ends once, in bounded time, and nothing of it is left. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TRUTH } from "../../src/relay/index.ts";
import type { EndCause } from "../../src/relay/index.ts";
import { OPCODE } from "../kit/frames.ts";
import { DEEDS as COMMON } from "./deeds.ts";
import { openMovable } from "./movable.ts";
import type { MovableWorld } from "./movable.ts";
import { OPTIONS } from "./world.ts";
import type { FakeLeg } from "./world.ts";

const DEEDS: Readonly<Record<string, (leg: FakeLeg) => void>> = {
  ...COMMON,
  "begins something large": (leg) => leg.begin({ opcode: OPCODE.binary, payload: Buffer.alloc(500) }),
  "hands over": (leg) => leg.sendClose(1012),
};

const CAUSES = Object.keys(TRUTH) as readonly EndCause[]; // the keys are the type's, as the compiler has seen

const anyStep = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      leg: fc.constantFrom("client" as const, "backend" as const, "backend" as const),
      deed: fc.constantFrom(...Object.keys(DEEDS)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ home: fc.constantFrom("move", "join", "join", "strand", "lose") }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.constantFrom(100, 500, 2_000, 6_000, 31_000) }) },
  { weight: 1, arbitrary: fc.record({ end: fc.constantFrom(...CAUSES) }) },
);

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

const take = (world: MovableWorld, gone: Set<FakeLeg>, step: Step): void => {
  if ("pass" in step) world.pass(step.pass);
  else if ("end" in step) world.tunnel.end(step.end);
  else if ("home" in step) {
    if (step.home === "move") world.tunnel.rehome("drain");
    else if (step.home === "join") world.join();
    else if (step.home === "lose") world.home.loses("backend-silent");
    else world.home.strand();
  } else {
    const leg = step.leg === "client" ? world.client : world.backend();
    if (gone.has(leg) && !step.deed.startsWith("reads") && !step.deed.startsWith("resets")) return;
    DEEDS[step.deed]?.(leg);
    if (step.deed === "ends its half" || step.deed === "resets") gone.add(leg);
  }
  for (const leg of [world.client, ...world.backends]) leg.settle();
};

/** What a leg got: whole frames, and a Close only as the last of them. */
const checkHeard = (leg: FakeLeg): void => {
  const closes = leg.frames().map(({ opcode }) => opcode === OPCODE.close);
  assert.ok(closes.filter(Boolean).length <= 1, "one Close at most");
  if (!closes.includes(true)) return;
  assert.equal(closes.at(-1), true, "nothing comes behind a Close");
  assert.equal(leg.unfinished, 0);
};

/** Longest time that all deadlines together can take. */
const LONGEST = OPTIONS.halfCloseTimeout + 4 * OPTIONS.closeTimeout + 5_000;

test("whatever happens to it, it ends once and in order, and every backend that it had is let go", () => {
  const heartbeat = { interval: 20_000, timeout: 5_000 };
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30 }), fc.nat({ max: 2 }), (steps, replay) => {
      const rehome = { replay, swallowReplies: replay, handOverCodes: [1012] };
      const world = openMovable(rehome, { heartbeat, idleTimeout: 100_000 });
      const gone = new Set<FakeLeg>();
      for (const step of steps) take(world, gone, step);
      world.tunnel.end("shutdown");
      world.pass(LONGEST);
      assert.equal(world.over(), 1);
      assert.equal(world.wheel.size, 0);
      assert.ok(world.client.closed, "the client's connection");
      assert.ok(
        world.backends.every(({ closed }) => closed),
        "the backends' connections",
      );
      for (const leg of [world.client, ...world.backends]) checkHeard(leg);
      assert.ok(world.searches.length - world.home.count - world.givenUp() <= 0, "each search is over");
    }),
    { numRuns: 4_000 },
  );
});
