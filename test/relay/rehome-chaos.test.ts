/** Backends come and go at random moments, and bytes are split at random: what arrives is whole, in order, and never twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { frame, OPCODE } from "../kit/frames.ts";
import type { Frame } from "../kit/frames.ts";
import { openMovable } from "./movable.ts";
import type { MovableWorld } from "./movable.ts";
import type { FakeLeg } from "./world.ts";

const anyMessage = fc.record({
  size: fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(0, 124, 126, 190, 260)),
  parts: fc.integer({ min: 1, max: 3 }),
  ping: fc.boolean(),
});

type Message = typeof anyMessage extends fc.Arbitrary<infer T> ? T : never;

const anyStep = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ what: fc.constantFrom("client", "backend"), size: fc.integer({ min: 1, max: 90 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom("move", "lose", "is silent", "join", "join", "answer Close", "stall", "drain", "drain"),
      size: fc.constant(0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("pass"), size: fc.constantFrom(100, 300, 700) }) },
);

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** One message as frames, with a name of its own and perhaps a ping between its fragments. */
const framesOf = ({ size, parts, ping }: Message, name: string, mask: boolean): Buffer => {
  const pieces = Array.from({ length: parts }, (_, index) =>
    frame({
      opcode: index === 0 ? OPCODE.text : OPCODE.continuation,
      fin: index === parts - 1,
      payload: index === 0 ? `${name};`.padEnd(size, "-") : "-".repeat(size),
      mask,
    }),
  );
  if (ping) pieces.splice(1, 0, frame({ opcode: OPCODE.ping, payload: name, mask }));
  return Buffer.concat(pieces);
};

/** The names of whole messages among frames; throws where one is broken. */
const namesIn = (frames: readonly Frame[]): string[] => {
  const names: string[] = [];
  let open: string | undefined;
  for (const { opcode, fin, payload } of frames) {
    if (opcode >= OPCODE.close) continue;
    assert.equal(
      opcode === OPCODE.continuation,
      open !== undefined,
      "a message that goes on where none is, or the other way round",
    );
    open ??= payload.toString().split(";")[0] ?? "";
    if (!fin) continue;
    names.push(open);
    open = undefined;
  }
  return names;
};

interface Feed {
  bytes: Buffer;
  at: number;
}

const take = (feed: Feed, leg: FakeLeg, size: number): void => {
  const chunk = Buffer.from(feed.bytes.subarray(feed.at, feed.at + size));
  feed.at += chunk.length;
  if (chunk.length > 0 && !leg.closed) leg.bytes(chunk);
};

/** What a backend of its own says, under names of its own. */
const speech = (messages: readonly Message[], backend: number): Feed => ({
  bytes: Buffer.concat(messages.map((message, index) => framesOf(message, `${backend}.${index}`, false))),
  at: 0,
});

const isRising = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));

const order = (name: string): number => {
  const [backend = "0", index = "0"] = name.split(".");
  return Number(backend) * 1_000 + Number(index);
};

const checkClient = (world: MovableWorld, heard: readonly Frame[]): void => {
  assert.ok(isRising(namesIn(heard).map(order)), "in order and once");
  if (world.tunnel.cause === undefined)
    assert.deepEqual(
      heard.filter(({ opcode }) => opcode === OPCODE.close),
      [],
    );
};

/** Whether each backend has got whole messages and, behind one that was lost with a backend, no earlier one. */
const checkBackends = (world: MovableWorld): string[] => {
  const all: string[] = [];
  for (const leg of world.backends) all.push(...namesIn(leg.frames()));
  assert.ok(isRising(all.map(Number)), `each message to one backend at most, in order: ${all.join()}`);
  return all;
};

const play = (world: MovableWorld, step: Step, fromClient: Feed, feeds: Feed[], said: readonly Message[]): void => {
  const leg = world.backend();
  const feed = feeds[world.backends.length - 1] ?? { bytes: Buffer.alloc(0), at: 0 };
  if (step.what === "client") take(fromClient, world.client, step.size);
  else if (step.what === "backend") take(feed, leg, step.size);
  else if (step.what === "pass") world.pass(step.size);
  else if (step.what === "move") world.tunnel.rehome("drain");
  else if (step.what === "lose") leg.reset();
  else if (step.what === "is silent") world.home.loses("backend-silent");
  else if (step.what === "stall") leg.stalled = true;
  else if (step.what === "drain") leg.drain();
  else if (step.what === "join") {
    const count = world.backends.length;
    world.join();
    if (world.backends.length > count) feeds.push(speech(said, count));
  } else if (!leg.closed && leg.output.length > 0) {
    // The peer answers our Close behind what it has begun.
    take(feed, leg, feed.bytes.length);
    leg.sendClose(1001);
  }
  for (const one of [world.client, ...world.backends]) one.settle();
};

test("whatever the moment and the split, messages arrive whole, in order, and once; a planned move loses none", () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { minLength: 1, maxLength: 12 }),
      fc.array(anyMessage, { maxLength: 8 }),
      fc.array(anyStep, { maxLength: 60 }),
      (messages, said, steps) => {
        const world = openMovable({ timeout: 60_000 }, { maxMessageSize: "off", writeTimeout: 600_000 });
        const fromClient: Feed = {
          bytes: Buffer.concat(messages.map((message, index) => framesOf(message, `${index + 1}`, true))),
          at: 0,
        };
        const feeds = [speech(said, 0)];
        const heard: Frame[] = [];
        let closed = 0;
        for (const step of steps) {
          // A Close may be answered only once it has been said.
          const isTold = world.backend().frames.length >= 0 && world.tunnel.backend.closeSaid;
          if (step.what === "answer Close" && !isTold) continue;
          play(world, step, fromClient, feeds, said);
          heard.push(...world.client.frames());
          checkClient(world, heard);
          closed += world.tunnel.cause === undefined ? 0 : 1;
        }
        if (closed > 0) return;
        // Everybody may finish, and a backend is there at last.
        world.join();
        world.backend().drain();
        take(fromClient, world.client, fromClient.bytes.length);
        world.pass(2_000);
        world.backend().drain();
        for (const one of [world.client, ...world.backends]) one.settle();
        const got = checkBackends(world);
        if (world.tunnel.cause !== undefined) return;
        const inHand = world.home.isMoving ? messages.length : 0;
        const lost = world.searches.reduce((sum, search) => sum + search.lost, 0);
        assert.ok(got.length + lost + inHand >= messages.length, `lost ${lost}, got ${got.join()}`);
      },
    ),
    { numRuns: 3_000 },
  );
});
