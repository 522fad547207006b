/** Deadlines, half-closes and orders of events at the end of a tunnel that the truth table does not show. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closePayload, frame, OPCODE } from "../kit/frames.ts";
import { closesIn, openWorld, textsIn } from "./world.ts";
import type { World } from "./world.ts";

const TEN = { opcode: OPCODE.binary, payload: Buffer.alloc(10) };
const text = (payload: string) => ({ opcode: OPCODE.text, payload });

const checkOver = (world: World): void => {
  assert.deepEqual([world.over(), world.wheel.size], [1, 0]);
};

test("a clean close ends the backend's connection after the backend has, and reports both codes", () => {
  const world = openWorld();
  const { client, backend, tunnel } = world;
  client.send(text("hello"));
  client.sendClose(3000, "bye");
  backend.send(text("last words"));
  backend.sendClose(3001, "so long");
  assert.deepEqual(textsIn(client.frames()), ["last words"]);
  assert.ok(client.ended);
  assert.ok(!backend.ended, "the server closes first");
  backend.fin();
  assert.ok(backend.closed);
  client.fin();
  checkOver(world);
  const { cause, client: ofClient, backend: ofBackend } = tunnel.report();
  assert.equal(cause, "client-close");
  assert.deepEqual(ofClient, { closeHeard: 3000, closeSaid: 3001, messages: 1, bytes: 11 + 11, rtt: undefined });
  assert.deepEqual(ofBackend, { closeHeard: 3001, closeSaid: 3000, messages: 1, bytes: 12 + 11, rtt: undefined });
});

test("a Close passes to the other leg byte for byte, wherever it is cut", () => {
  for (let cut = 1; cut < 13; cut += 1) {
    const world = openWorld();
    const bytes = Buffer.concat([Buffer.from([0x88, 0x0b]), closePayload(4321, "later, ok")]);
    world.backend.bytes(bytes.subarray(0, cut));
    assert.equal(world.client.output.length, 0);
    world.backend.bytes(bytes.subarray(cut));
    assert.deepEqual(world.client.output, bytes);
  }
});

test("what a leg sends behind its Close is thrown away", () => {
  const { client, backend } = openWorld();
  client.send({ opcode: OPCODE.close, payload: closePayload(1000) }, text("too late"));
  client.send(text("much too late"));
  assert.deepEqual(textsIn(backend.frames()), []);
});

test("a Close without a body stays without one, and is reported as 1005", () => {
  const { client, backend, tunnel } = openWorld();
  client.send({ opcode: OPCODE.close });
  assert.equal(backend.frames()[0]?.payload.length, 0);
  backend.send({ opcode: OPCODE.close });
  assert.deepEqual([tunnel.report().client.closeHeard, tunnel.report().client.closeSaid], [1005, 1005]);
});

test("a backend that does not end its connection behind its Close is ended after a second, and dropped after closeTimeout", () => {
  const world = openWorld({ closeTimeout: 3_000 });
  const { client, backend } = world;
  client.sendClose(1000);
  backend.sendClose(1000);
  client.fin();
  world.pass(900);
  assert.ok(!backend.ended);
  world.pass(300);
  assert.ok(backend.ended && !backend.destroyed);
  world.pass(3_200);
  assert.ok(backend.destroyed);
  checkOver(world);
});

test("each leg has closeTimeout to answer its Close, one after the other", () => {
  const world = openWorld({ closeTimeout: 3_000 });
  world.tunnel.end("drain");
  world.pass(2_900);
  assert.deepEqual([closesIn(world.backend.frames()), closesIn(world.client.frames())], [[1001], []]);
  world.pass(300);
  assert.deepEqual(closesIn(world.client.frames()), [1012]);
  assert.ok(!world.client.ended);
  world.pass(3_100);
  assert.ok(world.client.ended);
});

test("a half-close by the client is passed on behind a 1001, and what the backend still says arrives", () => {
  const world = openWorld({ halfCloseTimeout: 10_000, closeTimeout: 1_000 });
  const { client, backend } = world;
  client.fin();
  assert.deepEqual(closesIn(backend.frames()), [1001]);
  assert.ok(backend.ended);
  world.pass(9_000);
  backend.send(text("still here"));
  assert.deepEqual(textsIn(client.frames()), ["still here"]);
  backend.sendClose(1001);
  assert.deepEqual(closesIn(client.frames()), [1001]);
  backend.fin();
  checkOver(world);
});

test("half a connection lasts no longer than halfCloseTimeout", () => {
  for (const name of ["client", "backend"] as const) {
    const world = openWorld({ halfCloseTimeout: 10_000, closeTimeout: 1_000 });
    world[name].fin();
    world.pass(9_900);
    assert.equal(world.over(), 0);
    world.pass(300 + 1_000 + 1_000 + 1_000 + 500);
    checkOver(world);
  }
});

test("a half-close by the backend inside a frame is passed on as it is, and never gets a Close", () => {
  const world = openWorld();
  const { client, backend } = world;
  backend.begin(TEN);
  backend.fin();
  assert.ok(client.ended);
  assert.equal(world.tunnel.report().client.closeSaid, undefined);
  client.fin();
  checkOver(world);
});

test("after a half-close by the backend the client's messages still reach it, until the client has answered", () => {
  const world = openWorld();
  const { client, backend } = world;
  backend.fin();
  assert.deepEqual(closesIn(client.frames()), [1012]);
  client.send(text("for you"));
  assert.deepEqual(textsIn(backend.frames()), ["for you"]);
  client.sendClose(1012);
  assert.deepEqual(closesIn(backend.frames()), [1012]);
  client.fin();
  checkOver(world);
});

test("the code for a client that loses its backend can be chosen, and stands for no other end", () => {
  const lost = openWorld({ backendLostCode: 4000 });
  lost.backend.reset();
  assert.deepEqual(closesIn(lost.client.frames()), [4000]);
  const drained = openWorld({ backendLostCode: 4000 });
  drained.tunnel.end("drain");
  drained.backend.sendClose(1001);
  assert.deepEqual(closesIn(drained.client.frames()), [1012]);
});

test("a Close that waited for a boundary is written there, and the frames behind it are no longer forwarded", () => {
  const world = openWorld();
  const { client, backend, tunnel } = world;
  client.begin(TEN);
  tunnel.end("idle");
  assert.deepEqual(backend.frames(), []);
  client.bytes(Buffer.concat([restOf(client), Buffer.from([0x82, 0x80, 1, 2, 3, 4])]));
  assert.deepEqual(
    backend.frames().map(({ opcode }) => opcode),
    [OPCODE.binary, OPCODE.close],
  );
});

/** The end of the frame that was begun; taken, not sent. */
function restOf(leg: World["client"]): Buffer {
  const sent: Buffer[] = [];
  const { bytes } = leg;
  leg.bytes = (more) => void sent.push(Buffer.from(more));
  leg.complete();
  leg.bytes = bytes;
  return Buffer.concat(sent);
}

test("a leg that goes away while a Close waits for its frame's end takes the other one's connection with it at once", () => {
  const world = openWorld();
  const { client, backend, tunnel } = world;
  client.begin(TEN);
  tunnel.end("idle");
  client.reset();
  assert.ok(backend.ended);
  backend.fin();
  checkOver(world);
});

test("a Close that was waited for is followed by the end of the connection without a deadline", () => {
  const world = openWorld({ closeTimeout: 60_000 });
  const { client, backend, tunnel } = world;
  backend.begin(TEN);
  tunnel.end("client-silent");
  world.pass(60_200);
  assert.deepEqual(closesIn(client.frames()), []);
  backend.complete();
  assert.deepEqual(closesIn(client.frames()), [1001]);
  assert.ok(client.ended);
});

test("a client that goes away while its backend rests for it lets the backend be heard again", () => {
  const world = openWorld();
  const { client, backend } = world;
  client.stalled = true;
  backend.send(text("waits for ever"));
  assert.ok(backend.paused);
  client.reset();
  assert.ok(!backend.paused);
  assert.deepEqual(closesIn(backend.frames()), [1001]);
  backend.sendClose(1001);
  backend.fin();
  checkOver(world);
});

test("a transparent tunnel writes nothing of its own: it ends connections", () => {
  for (const cause of ["idle", "drain"] as const) {
    const world = openWorld({ transparent: true });
    world.tunnel.end(cause);
    assert.ok(world.backend.ended);
    world.backend.fin();
    assert.ok(world.client.ended);
    world.client.fin();
    assert.deepEqual([world.client.output.length, world.backend.output.length], [0, 0]);
    checkOver(world);
  }
});

test("destroying a tunnel ends both connections at once, for the cause that was first", () => {
  const world = openWorld();
  world.client.sendClose(1000);
  world.tunnel.destroy("drain");
  world.client.settle();
  checkOver(world);
  assert.equal(world.tunnel.report().cause, "client-close");
});

test("what came before the tunnel began is relayed first", () => {
  const early = {
    client: frame(text("from the client")),
    backend: frame({ ...text("from the backend"), mask: false }),
  };
  const { client, backend } = openWorld({}, undefined, early);
  client.send(text("next"));
  assert.deepEqual(textsIn(backend.frames()), ["from the client", "next"]);
  assert.deepEqual(textsIn(client.frames()), ["from the backend"]);
});

test("a leg that went away before the tunnel began ends it", () => {
  for (const gone of ["client", "backend"] as const) {
    const world = openWorld({}, undefined, { gone });
    assert.equal(world.tunnel.cause, `${gone}-vanished`);
    const left = world[gone === "client" ? "backend" : "client"];
    assert.deepEqual(closesIn(left.frames()), [gone === "client" ? 1001 : 1012]);
    left.sendClose(1000);
    left.fin();
    checkOver(world);
  }
});
