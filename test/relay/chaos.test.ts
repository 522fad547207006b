/** Whatever two peers do, in whatever order: a tunnel ends once, in bounded time, and never says anything inside a frame. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TRUTH } from "../../src/relay/index.ts";
import type { EndCause } from "../../src/relay/index.ts";
import { OPCODE } from "../kit/frames.ts";
import { DEEDS as COMMON, TEXT } from "./deeds.ts";
import { OPTIONS, openWorld } from "./world.ts";
import type { FakeLeg, World } from "./world.ts";

/** What a peer can do. Frames are begun and completed as frames; what stands between is a rule broken. */
const DEEDS: Readonly<Record<string, (leg: FakeLeg) => void>> = {
  ...COMMON,
  "closes behind data": (leg) => leg.send(TEXT, { opcode: OPCODE.close }, TEXT),
  "breaks a rule behind data": (leg) => leg.send(TEXT, { opcode: 5 }),
  "says too much": (leg) => leg.send({ opcode: OPCODE.binary, payload: Buffer.alloc(1_001) }),
};

const CAUSES = Object.keys(TRUTH) as readonly EndCause[]; // the keys are the type's, as the compiler has seen

const anyStep = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      leg: fc.constantFrom("client" as const, "backend" as const),
      deed: fc.constantFrom(...Object.keys(DEEDS)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ pass: fc.constantFrom(100, 1_000, 6_000, 31_000) }) },
  { weight: 1, arbitrary: fc.record({ end: fc.constantFrom(...CAUSES) }) },
);

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

const take = (world: World, gone: Set<FakeLeg>, step: Step): void => {
  if ("pass" in step) world.pass(step.pass);
  else if ("end" in step) world.tunnel.end(step.end);
  else {
    const leg = world[step.leg];
    // Who has ended its half says nothing more.
    if (gone.has(leg) && !step.deed.startsWith("reads") && !step.deed.startsWith("resets")) return;
    DEEDS[step.deed]?.(leg);
    if (step.deed === "ends its half" || step.deed === "resets") gone.add(leg);
  }
  for (const leg of [world.client, world.backend]) leg.settle();
};

/** What a leg got: whole frames, and a Close only as the last of them. */
const checkHeard = (world: World, name: "client" | "backend"): void => {
  const leg = world[name];
  const frames = leg.frames();
  const closes = frames.filter(({ opcode }) => opcode === OPCODE.close);
  const { closeSaid } = world.tunnel.report()[name];
  assert.equal(closes.length, closeSaid === undefined ? 0 : 1);
  if (closeSaid === undefined) return;
  assert.equal(frames.at(-1)?.opcode, OPCODE.close, "nothing comes behind a Close");
  assert.equal(leg.unfinished, 0);
};

/** Longest time that all deadlines together can take. */
const LONGEST = OPTIONS.halfCloseTimeout + 2 * OPTIONS.closeTimeout + 1_000 + OPTIONS.closeTimeout + 1_000;

for (const transparent of [false, true]) {
  test(`whatever happens to a ${transparent ? "transparent " : ""}tunnel, it ends once and in order`, () => {
    const heartbeat = { interval: 20_000, timeout: 5_000 };
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 25 }), (steps) => {
        const world = openWorld({ heartbeat, transparent, idleTimeout: 100_000 });
        const gone = new Set<FakeLeg>();
        for (const step of steps) take(world, gone, step);
        world.tunnel.end("drain");
        world.pass(LONGEST);
        assert.equal(world.over(), 1);
        assert.equal(world.wheel.size, 0);
        assert.ok(world.client.closed && world.backend.closed);
        if (transparent) return;
        checkHeard(world, "client");
        checkHeard(world, "backend");
      }),
      { numRuns: 2_000 },
    );
  });
}
