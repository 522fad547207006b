/** What happens on the way from one backend to the next at an unlucky moment. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, OPCODE } from "../kit/frames.ts";
import { openMovable } from "./movable.ts";
import { closesIn, textsIn } from "./world.ts";

const text = (payload: string) => ({ opcode: OPCODE.text, payload });
const part = (payload: string, opcode: number = OPCODE.continuation) => ({ opcode, payload, fin: false });
const last = (payload: string) => ({ opcode: OPCODE.continuation, payload });

test("a planned move does not leave a backend whose words a slow client has not got yet", () => {
  const world = openMovable({ timeout: 20_000 }, { writeTimeout: 60_000 });
  const { client, tunnel, searches } = world;
  const old = world.backend();
  client.stalled = true;
  old.send(text("one"));
  assert.ok(old.paused);
  tunnel.rehome("drain");
  old.send(text("two"), text("three"));
  old.sendClose(1001);
  world.pass(10_000);
  assert.deepEqual(searches, [], "it is not quiet, it is not read from");
  client.drain();
  world.pass(200);
  assert.equal(searches.length, 1);
  world.join().send(text("four"));
  assert.deepEqual(textsIn(client.frames()), ["one", "two", "three", "four"]);
});

test("when the time of a planned move is over with something left to be said, the client is told 1012", () => {
  const slow = openMovable({}, { writeTimeout: 60_000 });
  slow.client.stalled = true;
  slow.backend().send(text("one"));
  slow.tunnel.rehome("drain");
  slow.backend().send(text("two"));
  slow.pass(5_000 + 5_000 + 300);
  assert.deepEqual([slow.searches.length, slow.tunnel.cause], [0, "drain"]);
  const endless = openMovable();
  endless.tunnel.rehome("drain");
  for (let at = 0; at < 110 && endless.tunnel.cause === undefined; at += 1) {
    endless.backend().send(text("more"));
    endless.pass(100);
  }
  assert.deepEqual([endless.searches.length, endless.tunnel.cause], [0, "drain"]);
  assert.deepEqual(endless.stuck, ["drain"]);
  assert.deepEqual(closesIn(endless.client.frames()), [1012], "its time has been long enough");
});

for (const replay of [0, 2]) {
  for (let cut = 0; cut < 6; cut += 1) {
    test(`an empty last frame ends the client's message, cut after ${cut} bytes, with ${replay} messages kept`, () => {
      const world = openMovable({ replay });
      world.client.send(part("begun", OPCODE.text));
      world.tunnel.rehome("drain");
      const bytes = frame(last(""));
      world.client.bytes(bytes.subarray(0, cut));
      world.client.bytes(bytes.subarray(cut));
      world.client.send(text("behind"));
      world.pass(500);
      assert.deepEqual(closesIn(world.backend().frames()), [1001]);
      world.backend().sendClose(1001);
      assert.ok(textsIn(world.join().frames()).includes("behind"));
    });
  }
}

test("a tunnel that ends while it has no backend does not wait for the one that it has left", () => {
  for (const end of ["client-close", "drain"] as const) {
    const world = openMovable();
    world.tunnel.rehome("drain");
    world.pass(400 + 2_500 + 200);
    assert.equal(world.searches.length, 1, "it has not answered our Close");
    if (end === "drain") world.home.strand();
    else world.client.sendClose(1000);
    assert.deepEqual(closesIn(world.client.frames()), [end === "drain" ? 1012 : 1000]);
  }
});

test("where only some of the messages are sent again, no more answers are swallowed than that", () => {
  const world = openMovable({ replay: 2, swallowReplies: 2 });
  world.client.send(text("login"));
  world.backend().send(text("welcome"));
  world.backend().reset();
  world.client.send(text("subscribe"));
  const next = world.join();
  assert.deepEqual(textsIn(next.frames()), ["login"]);
  next.send(text("welcome"));
  assert.deepEqual(textsIn(next.frames()), ["subscribe"]);
  next.send(text("subscribed"), text("news"));
  assert.deepEqual(textsIn(world.client.frames()), ["welcome", "subscribed", "news"]);
});

test("a greeting of the backend's can be swallowed where nothing is sent again", () => {
  const world = openMovable({ swallowReplies: 1 });
  world.backend().send(text("hello"));
  world.backend().reset();
  world.join().send(text("hello"), text("news"));
  assert.deepEqual(textsIn(world.client.frames()), ["hello", "news"]);
});

test("a message that was cut is counted as lost once", () => {
  const world = openMovable();
  world.client.send(part("begun", OPCODE.text));
  world.backend().reset();
  world.join();
  world.client.send(last("end"));
  world.pass(2_000);
  world.backend().reset();
  assert.deepEqual(
    world.searches.map(({ lost }) => lost),
    [1, 0],
  );
});

test("a Close of the old backend that is for the client is the client's, though it crosses ours", () => {
  const world = openMovable();
  world.tunnel.rehome("drain");
  world.pass(500);
  world.backend().sendClose(4001, "kicked");
  assert.deepEqual(closesIn(world.client.frames()), [4001]);
  assert.deepEqual([world.searches.length, world.tunnel.cause], [0, "backend-close"]);
});

test("a ping between fragments passes at once, though the end of a large message came right before them", () => {
  const world = openMovable({ holdMessage: 50 });
  const old = world.backend();
  old.send(part("x".repeat(60), OPCODE.text));
  assert.equal(world.client.frames().length, 1);
  old.send(last("end"), part("small", OPCODE.text), { opcode: OPCODE.ping, payload: "?" });
  assert.deepEqual(
    world.client.frames().map(({ payload }) => payload.toString()),
    ["end", "?"],
  );
});

test("backends that are lost as soon as they have the tunnel share the time of one search, and are five at most", () => {
  const world = openMovable({}, { writeTimeout: 60_000 });
  world.backend().reset();
  for (let dial = 1; dial <= 5; dial += 1) {
    assert.deepEqual([world.home.lostAtOnce, world.tunnel.cause], [dial - 1, undefined]);
    world.join().reset();
  }
  assert.deepEqual(closesIn(world.client.frames()), [1012]);
  const slow = openMovable();
  slow.backend().reset();
  slow.pass(4_000);
  slow.join().reset();
  slow.pass(1_200);
  assert.equal(slow.tunnel.cause, "backend-vanished", "the time goes on");
});

test("a backend that has had the tunnel for a second has taken it, and one that is drained meanwhile has not lost it", () => {
  const world = openMovable();
  world.backend().reset();
  for (let loss = 0; loss < 12; loss += 1) {
    const next = world.join();
    world.pass(1_100);
    next.reset();
    assert.equal(world.home.lostAtOnce, 0);
  }
  world.join();
  world.tunnel.rehome("drain");
  assert.equal(world.home.lostAtOnce, 0);
});
