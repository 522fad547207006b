/** What a new backend gets again, and how a backend hands a tunnel over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, OPCODE } from "../kit/frames.ts";
import { openMovable } from "./movable.ts";
import { closesIn, textsIn } from "./world.ts";

const text = (payload: string) => ({ opcode: OPCODE.text, payload });

test("the first messages are sent again, whole ones only, and the answers to them are swallowed", () => {
  const world = openMovable({ replay: 2, swallowReplies: 2 });
  const { client } = world;
  const bytes = Buffer.concat([
    frame(text("login")),
    frame({ opcode: OPCODE.ping, payload: "?" }),
    frame(text("subscribe")),
  ]);
  for (const byte of bytes) client.bytes(Uint8Array.of(byte));
  client.send(text("third"));
  assert.deepEqual(textsIn(world.backend().frames()), ["login", "subscribe", "third"]);
  world.backend().send(text("welcome"), text("subscribed"), text("news"));
  for (const round of [1, 2]) {
    world.backend().reset();
    client.send(text(`round ${round}`));
    const next = world.join();
    const steps = [
      [[], ["login"]],
      [[{ opcode: OPCODE.ping, payload: "!" }], []],
      [[text("welcome")], ["subscribe"]],
      [[text("subscribed"), text(`news ${round}`)], [`round ${round}`]],
    ] as const;
    for (const [answers, expected] of steps) {
      for (const byte of Buffer.concat(answers.map((parts) => frame({ ...parts, mask: false }))))
        next.bytes(Uint8Array.of(byte));
      assert.deepEqual(textsIn(next.frames()), expected);
    }
    next.send(text("more"));
  }
  const heard = client.frames();
  assert.deepEqual(textsIn(heard), ["welcome", "subscribed", "news", "news 1", "more", "news 2", "more"]);
  assert.equal(heard.filter(({ opcode }) => opcode === OPCODE.ping).length, 2);
});

test("first messages that wait are sent once, and one that was cut is completed for the next backend", () => {
  const world = openMovable({ replay: 2 });
  world.client.send(text("login"));
  world.client.begin(text("subscribe"));
  world.backend().reset();
  assert.equal(world.searches[0]?.lost, 0, "nobody has got it, and somebody will");
  world.client.complete();
  world.client.send(text("third"));
  assert.deepEqual(textsIn(world.join().frames()), ["login", "subscribe", "third"]);
  world.backend().reset();
  assert.deepEqual(textsIn(world.join().frames()), ["login", "subscribe"]);
});

test("a first message that is cut again and again is whole where a backend stays, however its pieces come", () => {
  const world = openMovable({ replay: 1 });
  const login = frame({ opcode: OPCODE.text, payload: "login-login-login", mask: true });
  for (const piece of [login.subarray(0, 3), login.subarray(3, 8), login.subarray(8, 12)]) {
    world.client.bytes(Buffer.from(piece));
    world.backend().reset();
    world.join();
  }
  world.client.bytes(Buffer.from(login.subarray(12)));
  world.client.send(text("pay 5"));
  assert.deepEqual(textsIn(world.backend().frames()), ["login-login-login", "pay 5"]);
  world.backend().reset();
  assert.deepEqual(textsIn(world.join().frames()), ["login-login-login"]);
  assert.deepEqual(
    world.searches.map(({ lost }) => lost),
    [0, 0, 0, 0],
  );
});

test("first messages that are too large together are not sent again", () => {
  const world = openMovable({ replay: 2, replayBytes: 20 });
  world.client.send(text("login"), text("a long subscription"));
  world.backend().reset();
  assert.deepEqual(textsIn(world.join().frames()), []);
});

test("a Close with a code that is agreed for it hands the tunnel over; any other ends it", () => {
  const world = openMovable({ handOverCodes: [1012] });
  world.backend().send(text("bye"));
  world.backend().sendClose(1012, "restart");
  assert.deepEqual(closesIn(world.backend().frames()), [1012]);
  assert.deepEqual(world.searches, [{ reason: "hand-over", count: 1, lost: 0 }]);
  assert.deepEqual(world.client.frames().length, 1);
  world.join().sendClose(1000);
  assert.deepEqual(closesIn(world.client.frames()), [1000]);
});

test("a Close of the backend that is not agreed ends the tunnel during a move too, until we have said ours", () => {
  const world = openMovable();
  world.tunnel.rehome("drain");
  world.backend().sendClose(4001, "kicked");
  assert.deepEqual(closesIn(world.client.frames()), [4001]);
  assert.equal(world.tunnel.cause, "backend-close");
});

test("a ping that the old backend has left unanswered is sent to the next one; one that was answered is not", () => {
  const world = openMovable();
  const { client } = world;
  client.send({ opcode: OPCODE.ping, payload: "one" });
  world.backend().send({ opcode: OPCODE.pong, payload: "one" });
  world.backend().reset();
  assert.deepEqual(world.join().frames(), []);
  client.send({ opcode: OPCODE.ping, payload: "two" });
  world.backend().reset();
  client.send(text("behind"));
  const heard = world.join().frames();
  assert.deepEqual(
    heard.map(({ opcode, payload }) => [opcode, payload.toString()]),
    [
      [OPCODE.ping, "two"],
      [OPCODE.text, "behind"],
    ],
  );
  world.backend().reset();
  client.send({ opcode: OPCODE.ping, payload: "three" });
  assert.equal(world.join().frames().length, 1, "what waits is sent once");
});

test("a backend that has been left says nothing more to the client, though it wakes up before there is another one", () => {
  const silent = openMovable({}, { heartbeat: { interval: 10_000, timeout: 2_000 } });
  for (let at = 0; at < 30; at += 1) {
    silent.client.send({ opcode: OPCODE.pong, payload: "alive" });
    silent.pass(500);
  }
  const told = openMovable();
  told.tunnel.rehome("drain");
  told.pass(400 + 2_500 + 200);
  for (const world of [silent, told]) {
    assert.equal(world.searches.length, 1);
    const old = world.backend();
    world.client.frames();
    old.send(text("too late"));
    old.begin({ opcode: OPCODE.binary, payload: Buffer.alloc(300) });
    world.join().send(text("from the next one"));
    assert.deepEqual(textsIn(world.client.frames()), ["from the next one"]);
  }
});
