/** A backend goes, the client stays: what is passed on, what waits, what is lost, and when the client is told 1012 after all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, OPCODE } from "../kit/frames.ts";
import { openMovable } from "./movable.ts";
import type { MovableWorld } from "./movable.ts";
import { closesIn, textsIn } from "./world.ts";

const text = (payload: string) => ({ opcode: OPCODE.text, payload });
const part = (payload: string, opcode: number = OPCODE.continuation) => ({ opcode, payload, fin: false });

const checkEnded = (world: MovableWorld): void => {
  world.client.fin();
  world.pass(20_000);
  assert.equal(world.over(), 1);
  assert.equal(world.wheel.size, 0);
};

/** Moves the tunnel as planned, up to where it needs a backend. */
const leave = (world: MovableWorld): void => {
  assert.ok(world.tunnel.rehome("drain"));
  world.pass(500);
  const old = world.backend();
  assert.deepEqual(closesIn(old.frames()), [1001]);
  old.sendClose(1001);
  old.fin();
  assert.equal(world.searches.length > 0, true);
};

test("a planned move: the client is stopped, the old backend finishes and is closed, the new one gets what waited", () => {
  const world = openMovable();
  const { client, tunnel, searches } = world;
  const old = world.backend();
  client.send(text("one"));
  assert.ok(tunnel.rehome("drain"));
  client.send(text("two"), text("three"));
  world.pass(200);
  old.send(text("answer to one"));
  world.pass(200);
  assert.deepEqual(textsIn(old.frames()), ["one"], "not yet closed: it has spoken");
  world.pass(200);
  assert.deepEqual(closesIn(old.frames()), [1001]);
  old.send(text("last words"));
  assert.deepEqual(searches, []);
  old.sendClose(1001);
  assert.deepEqual(searches, [{ reason: "drain", count: 1, lost: 0 }]);
  const next = world.join();
  client.send(text("four"));
  next.send(text("hello again"));
  assert.deepEqual(textsIn(next.frames()), ["two", "three", "four"]);
  assert.deepEqual(textsIn(client.frames()), ["answer to one", "last words", "hello again"]);
  assert.equal(tunnel.cause, undefined);
  world.pass(10_000);
  assert.ok(old.closed, "the old connection is seen out");
  const { client: ofClient, backend: ofBackend } = tunnel.report();
  assert.deepEqual([ofClient.messages, ofBackend.messages], [4, 3]);
  client.sendClose(1000);
  next.sendClose(1000);
  next.fin();
  checkEnded(world);
});

test("a planned move waits for the end of the client's message, fragments and all", () => {
  const world = openMovable();
  const { client, tunnel } = world;
  const old = world.backend();
  client.send(part("a", OPCODE.text));
  tunnel.rehome("rebalance");
  client.send(part("b"), { opcode: OPCODE.ping, payload: "?" });
  world.pass(1_000);
  assert.deepEqual(closesIn(old.frames()), []);
  client.send({ opcode: OPCODE.continuation, payload: "c" });
  client.send(text("behind"));
  const heard = old.frames().map(({ payload }) => payload.toString());
  world.pass(500);
  assert.deepEqual([...heard, ...closesIn(old.frames())], ["c", 1001]);
  old.sendClose(1001);
  assert.deepEqual(textsIn(world.join().frames()), ["behind"]);
});

for (let cut = 0; cut <= 21; cut += 1) {
  test(`a planned move begun ${cut} bytes into two messages passes each to one backend, whole`, () => {
    const world = openMovable();
    const bytes = Buffer.concat([frame(text("first")), frame(text("second"))]);
    world.client.bytes(bytes.subarray(0, cut));
    world.tunnel.rehome("drain");
    world.client.bytes(bytes.subarray(cut));
    world.pass(500);
    const old = world.backend();
    const before = textsIn(old.frames());
    assert.equal(old.unfinished, 0);
    old.sendClose(1001);
    assert.deepEqual([...before, ...textsIn(world.join().frames())], ["first", "second"]);
  });
}

test("a backend that is never quiet is closed after four times the quiet time, and all that it says arrives", () => {
  const world = openMovable();
  const old = world.backend();
  world.tunnel.rehome("drain");
  for (let at = 0; at < 12; at += 1) {
    old.send(text(`${at}`));
    world.pass(100);
  }
  assert.deepEqual(closesIn(old.frames()), [1001]);
  old.send(text("still"));
  old.sendClose(1000);
  assert.equal(textsIn(world.client.frames()).length, 13);
  assert.equal(world.searches.length, 1);
});

test("a backend that does not answer our Close is left all the same", () => {
  const world = openMovable();
  world.tunnel.rehome("drain");
  world.pass(400 + 2_500 + 200);
  assert.deepEqual(world.searches, [{ reason: "drain", count: 1, lost: 0 }]);
  world.join();
  world.pass(7_000);
  assert.ok(world.backends[0]?.closed);
});

const LOSSES = {
  "backend-vanished": (world: MovableWorld) => world.backend().reset(),
  "backend-protocol-error": (world: MovableWorld) => world.backend().send({ opcode: 5 }),
} as const;

for (const [cause, happens] of Object.entries(LOSSES)) {
  test(`${cause}: the next backend gets what comes from then on, and nothing twice`, () => {
    const world = openMovable();
    const { client } = world;
    client.send(text("one"));
    world.backend().send(text("answer"));
    happens(world);
    client.send(text("two"));
    assert.deepEqual(world.searches, [{ reason: cause, count: 1, lost: 0 }]);
    const next = world.join();
    client.send(text("three"));
    assert.deepEqual(textsIn(next.frames()), ["two", "three"]);
    assert.deepEqual(client.frames().length, 1);
    assert.equal(world.tunnel.cause, undefined);
  });
}

test("a half-close of the backend is a loss", () => {
  const world = openMovable();
  world.backend().fin();
  assert.equal(world.searches.length, 1);
  assert.ok(world.backend().closed);
});

test("a backend that breaks the protocol is told so", () => {
  const world = openMovable();
  world.backend().send({ opcode: 5 });
  assert.deepEqual(closesIn(world.backend().frames()), [1002]);
});

test("a backend that does not read, or does not answer heartbeats, is lost", () => {
  const stalled = openMovable();
  stalled.backend().stalled = true;
  stalled.client.send(text("one"));
  stalled.pass(50_000);
  assert.deepEqual(stalled.searches, [{ reason: "backend-stalled", count: 1, lost: 1 }]);
  const silent = openMovable({}, { heartbeat: { interval: 10_000, timeout: 2_000 } });
  for (let at = 0; at < 30; at += 1) {
    silent.client.send({ opcode: OPCODE.pong, payload: "alive" });
    silent.pass(500);
  }
  assert.equal(silent.searches[0]?.reason, "backend-silent");
});

for (let cut = 1; cut < 12; cut += 1) {
  test(`a message of the client that was cut after ${cut} bytes is lost, and only that`, () => {
    const world = openMovable();
    const bytes = Buffer.concat([
      frame(text("first")),
      frame({ opcode: OPCODE.ping, payload: "?" }),
      frame(text("second")),
    ]);
    world.client.bytes(bytes.subarray(0, cut));
    world.backend().reset();
    for (const byte of bytes.subarray(cut, 17)) world.client.bytes(Uint8Array.of(byte));
    world.client.bytes(bytes.subarray(17));
    const next = world.join();
    // Of a header alone nothing has been passed on.
    const isCut = cut >= 6 && cut < 11;
    assert.deepEqual(textsIn(next.frames()), isCut || cut === 11 ? ["second"] : ["first", "second"]);
    assert.equal(world.searches[0]?.lost, isCut ? 1 : 0);
  });
}

test("the rest of a message in fragments that was cut is swallowed, even behind the next backend's coming; pings in it are not", () => {
  const world = openMovable();
  const { client } = world;
  client.send(part("a", OPCODE.text), part("b"));
  world.backend().reset();
  client.send(part("c"), { opcode: OPCODE.ping, payload: "in time?" });
  const next = world.join();
  client.send(
    part("d"),
    { opcode: OPCODE.ping, payload: "?" },
    { opcode: OPCODE.continuation, payload: "e" },
    text("f"),
  );
  assert.deepEqual(
    next.frames().map(({ payload }) => payload.toString()),
    ["in time?", "?", "f"],
  );
});

test("what a dead backend had not read is counted", () => {
  const world = openMovable();
  world.client.send(text("read"));
  world.backend().stalled = true;
  world.client.send(text("one"), text("two"));
  world.client.send(text("not even read by us"));
  world.backend().reset();
  assert.deepEqual(world.searches, [{ reason: "backend-vanished", count: 1, lost: 2 }]);
  assert.deepEqual(textsIn(world.join().frames()), ["not even read by us"]);
});

test("a small message of the backend that was cut never begins at the client", () => {
  for (let cut = 1; cut < 20; cut += 1) {
    const world = openMovable();
    const bytes = Buffer.concat([
      frame({ ...text("whole"), mask: false }),
      frame({ ...text("0123456789ab"), mask: false }),
    ]);
    world.backend().bytes(bytes.subarray(0, cut));
    world.backend().reset();
    assert.equal(world.searches.length, 1);
    assert.equal(world.client.output.length, cut < 7 ? 0 : 7);
    world.join().send(text("next"));
    assert.deepEqual(textsIn(world.client.frames()), cut < 7 ? ["next"] : ["whole", "next"]);
  }
});

test("fragments are held up to the size, and control frames pass them by", () => {
  const world = openMovable({ holdMessage: 50 });
  const old = world.backend();
  old.send(part("0123456789", OPCODE.text), { opcode: OPCODE.ping, payload: "?" }, part("0123456789"));
  assert.deepEqual(
    world.client.frames().map(({ opcode }) => opcode),
    [OPCODE.ping],
  );
  old.send({ opcode: OPCODE.continuation, payload: "end" }, part("x".repeat(30), OPCODE.binary));
  assert.deepEqual(world.client.frames().length, 3);
  old.send(part("x".repeat(30)));
  assert.deepEqual(world.client.frames().length, 2, "too large to be held");
  old.send({ opcode: OPCODE.continuation, payload: "!" });
  assert.equal(world.client.frames().length, 1);
});

test("a large message of the backend that was cut cannot be completed: the connection ends, or a Close says why between fragments", () => {
  const inside = openMovable();
  inside.backend().begin({ opcode: OPCODE.binary, payload: Buffer.alloc(300) });
  inside.backend().reset();
  assert.deepEqual([inside.searches.length, inside.tunnel.cause, inside.client.ended], [0, "backend-vanished", true]);
  const between = openMovable();
  between.backend().send({ opcode: OPCODE.binary, payload: Buffer.alloc(300), fin: false });
  between.backend().reset();
  assert.deepEqual(closesIn(between.client.frames()), [1012]);
  checkEnded(between);
});

test("while it has no backend the tunnel ends at once with a Close of the client", () => {
  const world = openMovable();
  world.backend().reset();
  world.client.send(text("waits"));
  world.client.sendClose(3000, "bye");
  assert.deepEqual(closesIn(world.client.frames()), [3000]);
  assert.deepEqual([world.givenUp(), world.tunnel.cause], [1, "client-close"]);
  assert.ok(world.join().destroyed, "who comes too late is not wanted");
  checkEnded(world);
});

test("a Close of the client while the old backend still finishes reaches it behind what has waited", () => {
  const world = openMovable();
  world.tunnel.rehome("drain");
  world.client.send(text("one"));
  world.client.sendClose(3000);
  const heard = world.backend().frames();
  assert.deepEqual([textsIn(heard), closesIn(heard)], [["one"], [3000]]);
  world.backend().sendClose(3000);
  world.backend().fin();
  checkEnded(world);
});

test("when nobody takes the tunnel in time the client gets the truth", () => {
  for (const reason of ["drain", "loss"] as const) {
    const world = openMovable({}, { backendLostCode: 4000 });
    if (reason === "drain") leave(world);
    else world.backend().reset();
    world.pass(4_000);
    assert.equal(world.tunnel.cause, undefined);
    world.pass(1_200);
    assert.deepEqual(closesIn(world.client.frames()), [reason === "drain" ? 1012 : 4000]);
    assert.equal(world.tunnel.cause, reason === "drain" ? "drain" : "backend-vanished");
    assert.equal(world.givenUp(), 1);
    checkEnded(world);
  }
});

test("when there is none to be found it ends at once", () => {
  const world = openMovable();
  world.backend().reset();
  world.home.strand();
  assert.deepEqual(closesIn(world.client.frames()), [1012]);
  checkEnded(world);
});

test("a client whose buffer is full is not read from until the next backend reads", () => {
  const world = openMovable({ buffer: 100 });
  const { client } = world;
  world.backend().reset();
  for (let at = 0; at < 10; at += 1) client.send({ opcode: OPCODE.binary, payload: Buffer.alloc(40, at) });
  assert.ok(client.paused);
  const next = world.join();
  assert.ok(!client.paused);
  client.settle();
  assert.deepEqual(
    next.frames().map(({ payload }) => payload[0]),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test("heartbeats of the client go on while there is no backend, and its own pings wait", () => {
  const world = openMovable({ timeout: 60_000 }, { heartbeat: { interval: 10_000, timeout: 5_000 } });
  world.backend().reset();
  world.client.send({ opcode: OPCODE.ping, payload: "?" });
  world.pass(11_000);
  const [ping] = world.client.frames();
  assert.equal(ping?.opcode, OPCODE.ping);
  world.client.send({ opcode: OPCODE.pong, payload: ping?.payload ?? "" });
  world.pass(4_000);
  assert.ok((world.tunnel.client.rtt ?? -1) >= 0);
  assert.deepEqual(
    world
      .join()
      .frames()
      .map(({ opcode }) => opcode),
    [OPCODE.ping],
  );
});

test("bytes that came right behind the next backend's answer come first, and what it loses at once is seen", () => {
  const world = openMovable();
  world.backend().reset();
  world.join(frame({ ...text("early"), mask: false }));
  assert.deepEqual(textsIn(world.client.frames()), ["early"]);
  world.backend().reset();
  assert.equal(world.searches.length, 2);
  assert.equal(world.searches[1]?.count, 2);
});

test("a tunnel that is ending, or whose client has ended its half, is not moved", () => {
  const world = openMovable();
  world.client.sendClose(1000);
  assert.ok(!world.tunnel.rehome("drain"));
  const half = openMovable();
  half.client.fin();
  assert.ok(!half.tunnel.rehome("drain"));
});

test("a client that vanishes while there is no backend ends the tunnel", () => {
  const world = openMovable();
  world.backend().reset();
  world.client.reset();
  assert.deepEqual([world.over(), world.givenUp(), world.tunnel.cause], [1, 1, "client-vanished"]);
  assert.equal(world.wheel.size, 0);
});
