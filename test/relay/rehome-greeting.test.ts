/** A new backend is spoken to step by step: it gets what is new when it has answered what it is sent again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OPCODE } from "../kit/frames.ts";
import fc from "fast-check";
import { openMovable } from "./movable.ts";
import type { MovableWorld } from "./movable.ts";
import { closesIn, textsIn } from "./world.ts";
import type { FakeLeg } from "./world.ts";

const text = (payload: string) => ({ opcode: OPCODE.text, payload });

/** A tunnel that has lost its backend after its login, and has another one that has not answered the login. */
const greet = (rehome: Parameters<typeof openMovable>[0] = {}): MovableWorld => {
  const world = openMovable({ replay: 1, swallowReplies: 1, ...rehome });
  world.client.send(text("login"));
  world.backend().send(text("welcome"));
  world.client.frames();
  world.backend().reset();
  world.client.send(text("waits"));
  const next = world.join();
  assert.deepEqual(textsIn(next.frames()), ["login"]);
  return world;
};

test("what has waited, and a ping that is open, come behind the answer", () => {
  const world = greet();
  world.client.send({ opcode: OPCODE.ping, payload: "?" }, text("waits, too"));
  world.pass(1_000);
  assert.deepEqual(world.backend().frames(), []);
  world.backend().send(text("welcome"), text("news"));
  assert.deepEqual(
    world
      .backend()
      .frames()
      .map(({ payload }) => payload.toString()),
    ["waits", "?", "waits, too"],
  );
  assert.deepEqual(textsIn(world.client.frames()), ["news"]);
});

test("an answer that the client has never had is the client's", () => {
  const world = openMovable({ replay: 1, swallowReplies: 2 });
  world.client.send(text("login"));
  world.backend().send(text("hello"));
  world.backend().reset();
  const next = world.join();
  next.send(text("hello"), text("welcome"), text("news"));
  assert.deepEqual(textsIn(world.client.frames()), ["hello", "welcome", "news"]);
  next.reset();
  world.join().send(text("hello"), text("welcome"), text("more"));
  assert.deepEqual(textsIn(world.client.frames()), ["more"], "all of them by now");
});

test("a backend that is lost before it has answered is one that never had the tunnel, and nothing is lost with it", () => {
  const world = greet();
  for (let loss = 1; loss < 5; loss += 1) {
    world.backend().reset();
    assert.deepEqual([world.home.lostAtOnce, world.searches.at(-1)?.lost], [loss, 0]);
    assert.deepEqual(textsIn(world.join().frames()), ["login"]);
  }
  world.backend().send(text("welcome"));
  assert.deepEqual(textsIn(world.backend().frames()), ["waits"]);
  world.backend().send(text("news"));
  world.backend().reset();
  assert.equal(world.home.lostAtOnce, 0, "this one has served it");
});

test("one that does not answer has what is left of the search's time, however long it has had the tunnel", () => {
  const world = openMovable({ replay: 1, swallowReplies: 1 });
  world.client.send(text("login"));
  world.backend().send(text("welcome"));
  world.backend().reset();
  world.pass(2_000);
  world.join();
  world.pass(2_800);
  assert.equal(world.tunnel.cause, undefined);
  world.pass(500);
  assert.equal(world.tunnel.cause, "backend-vanished");
  world.pass(6_000);
  assert.deepEqual(closesIn(world.client.frames()), [1012]);
});

test("a planned move waits for the answer", () => {
  const world = greet();
  assert.ok(!world.tunnel.isLeaving);
  assert.ok(world.tunnel.rehome("drain"));
  assert.ok(world.tunnel.isLeaving);
  world.pass(1_000);
  assert.deepEqual(closesIn(world.backend().frames()), []);
  world.backend().send(text("welcome"));
  world.pass(500);
  const heard = world.backend().frames();
  assert.deepEqual([textsIn(heard), closesIn(heard)], [["waits"], [1001]]);
});

test("a client that goes is heard by the new backend, with all that it has said", () => {
  const world = greet();
  world.client.sendClose(3000);
  const heard = world.backend().frames();
  assert.deepEqual([textsIn(heard), closesIn(heard)], [["waits"], [3000]]);
  assert.equal(world.tunnel.cause, "client-close");
});

test("a client that goes while its old backend still finishes says nothing twice to it", () => {
  const world = openMovable({ replay: 1, swallowReplies: 1 });
  world.client.send(text("login"), { opcode: OPCODE.ping, payload: "?" });
  world.tunnel.rehome("drain");
  world.client.send(text("waits"));
  world.client.sendClose(3000);
  const heard = world.backend().frames();
  assert.deepEqual([textsIn(heard), closesIn(heard)], [["login", "waits"], [3000]]);
  assert.equal(heard.filter(({ opcode }) => opcode === OPCODE.ping).length, 1);
});

test("a backend that turns the client away is believed", () => {
  const world = greet();
  world.backend().sendClose(4403, "no more");
  assert.deepEqual(closesIn(world.client.frames()), [4403]);
});

const STEPS: Readonly<Record<string, (world: MovableWorld, count: number) => void>> = {
  says: ({ client }, count) => {
    if (!client.ended && !client.closed) client.send(text(`${count}`));
  },
  answers: (world) => {
    if (!world.backend().closed) world.backend().send(text("answer"));
  },
  "is lost": (world) => world.backend().reset(),
  "is left": ({ tunnel }) => void tunnel.rehome("drain"),
  "closes, too": (world) => {
    if (!world.backend().closed) world.backend().sendClose(1001);
  },
  "is found": (world) => void world.join(),
  "time goes by": ({ pass }) => pass(400),
};

test("whatever happens when, no backend hears anything twice, and only the first messages are heard by several", () => {
  const steps = fc.array(fc.constantFrom(...Object.keys(STEPS)), { maxLength: 40 });
  fc.assert(
    fc.property(steps, fc.nat({ max: 3 }), fc.nat({ max: 3 }), (all, replay, swallowReplies) => {
      const world = openMovable({ replay, swallowReplies });
      const heard = new Map<FakeLeg, string[]>();
      const listen = (): void => {
        for (const leg of world.backends) heard.set(leg, [...(heard.get(leg) ?? []), ...textsIn(leg.frames())]);
      };
      for (const [count, step] of all.entries()) {
        STEPS[step]?.(world, count);
        for (const leg of [world.client, ...world.backends]) leg.settle();
        listen();
      }
      if (!world.client.closed && !world.client.ended) world.client.sendClose(1000);
      world.pass(20_000);
      listen();
      const first = new Set(all.flatMap((step, count) => (step === "says" ? [`${count}`] : [])).slice(0, replay));
      for (const names of heard.values()) assert.equal(new Set(names).size, names.length, names.join());
      const others = [...heard.values()].flat().filter((name) => !first.has(name));
      assert.equal(new Set(others).size, others.length, others.join());
    }),
    { numRuns: 3_000 },
  );
});
