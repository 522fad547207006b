/** What belongs to one backend must not outlive it: orders, reasons and counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, OPCODE } from "../kit/frames.ts";
import { openMovable } from "./movable.ts";
import type { MovableWorld } from "./movable.ts";
import { closesIn, textsIn } from "./world.ts";

const text = (payload: string) => ({ opcode: OPCODE.text, payload });
const part = (payload: string) => ({ opcode: OPCODE.text, payload, fin: false });
const last = (payload: string) => ({ opcode: OPCODE.continuation, payload });

/** A tunnel that has lost its backend, and whose next one will be asked to answer the login. */
const openGreeting = (rehome: Parameters<typeof openMovable>[0] = {}): MovableWorld => {
  const world = openMovable({ replay: 1, swallowReplies: 1, ...rehome });
  world.client.send(text("login"));
  world.backend().send(text("welcome"));
  world.backend().reset();
  return world;
};

test("an order to leave a backend that greets is over when that one is lost", () => {
  const world = openGreeting();
  world.join();
  assert.ok(world.tunnel.rehome("drain"));
  assert.ok(world.tunnel.isLeaving);
  world.backend().reset();
  const third = world.join();
  assert.equal(world.tunnel.isLeaving, false);
  third.send(text("welcome"));
  world.pass(2_000);
  assert.deepEqual(closesIn(third.frames()), []);
  assert.equal(world.searches.length, 2);
});

test("a backend that hands the tunnel over while it greets has not failed", () => {
  const world = openGreeting({ handOverCodes: [1012] });
  world.join().sendClose(1012, "not me");
  assert.deepEqual(
    world.searches.map(({ reason }) => reason),
    ["backend-vanished", "hand-over"],
  );
});

test("a message that was cut is lost once, also where the next backend has a backlog at once", () => {
  const world = openMovable({ replay: 1 });
  world.client.send(text("login"), part("begun"));
  world.backend().reset();
  world.join(undefined, true).reset();
  assert.deepEqual(
    world.searches.map(({ lost }) => lost),
    [1, 0],
  );
  world.client.send(last("rest"), text("next"));
  assert.deepEqual(textsIn(world.join().frames()), ["login", "next"]);
  assert.equal(world.dropped(), 0);
});

test("what waits is bounded however many backends are lost meanwhile", () => {
  const world = openGreeting({ buffer: 1_000, timeout: 60_000 });
  while (!world.client.paused) world.client.send(text("x".repeat(400)));
  for (let loss = 0; loss < 4; loss += 1) {
    world.join().reset();
    assert.ok(world.client.paused, "it is full all the same");
  }
  world.join().send(text("welcome"));
  assert.equal(world.client.paused, false);
});

test("a client that closes while its backend is in its closing handshake with us hears its own code", () => {
  const world = openMovable();
  world.tunnel.rehome("drain");
  world.pass(400);
  const old = world.backend();
  assert.deepEqual(closesIn(old.frames()), [1001]);
  world.client.sendClose(1000, "bye");
  old.sendClose(1001);
  assert.deepEqual(closesIn(world.client.frames()), [1000]);
  assert.equal(world.tunnel.cause, "client-close");
});

test("a message that does not end keeps a tunnel where it is in a rebalance, and ends it in a drain", () => {
  const rebalanced = openMovable();
  rebalanced.client.send(part("begun"));
  assert.ok(rebalanced.tunnel.rehome("rebalance"));
  rebalanced.pass(6_000);
  assert.deepEqual([rebalanced.tunnel.cause, rebalanced.tunnel.isMoving, rebalanced.stuck], [undefined, false, []]);
  rebalanced.client.send(last("ended"), text("next"));
  assert.equal(rebalanced.backend().frames().length, 3);
  const drained = openMovable();
  drained.client.send(part("begun"));
  drained.tunnel.rehome("drain");
  drained.pass(6_000);
  assert.deepEqual([drained.tunnel.cause, drained.stuck], ["drain", ["drain"]]);
});

test("backends that take a tunnel and never say a word are five at most, each with its time", () => {
  const world = openMovable({}, { heartbeat: { interval: 1_000, timeout: 1_000 } });
  world.backend().reset();
  for (let mute = 1; mute <= 5; mute += 1) {
    world.join();
    for (let step = 0; step < 30 && world.searches.length === mute; step += 1) {
      world.client.send({ opcode: OPCODE.pong, payload: "here" });
      world.pass(100);
    }
    assert.deepEqual([world.searches.length, world.searches.at(-1)?.reason], [mute + 1, "backend-silent"]);
  }
  assert.deepEqual(closesIn(world.client.frames()), [1012]);
});

test("control frames ahead of the first message go on together, as they came", () => {
  const world = openMovable({ replay: 1 });
  const pings = Array.from({ length: 500 }, () => frame({ opcode: OPCODE.ping, payload: "!", mask: true }));
  const before = world.backend().writes;
  world.client.bytes(Buffer.concat(pings));
  assert.equal(world.backend().writes - before, 1);
  world.client.send(text("login"));
  assert.equal(world.backend().frames().length, 501);
});

test("control frames of a backend that greets go on together, and are no answers", () => {
  const world = openGreeting();
  const next = world.join();
  const before = world.client.writes;
  next.bytes(
    Buffer.concat(Array.from({ length: 500 }, () => frame({ opcode: OPCODE.ping, payload: "!", mask: false }))),
  );
  assert.equal(world.client.writes - before, 1);
  next.send(text("welcome"), text("news"));
  assert.deepEqual(textsIn(world.client.frames()), ["welcome", "news"]);
});
