/** A leg over a real socket, however it is driven: what its owner is told, and when. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { test as nodeTest } from "node:test";
import type { TestContext } from "node:test";
import { createDriver, StreamLeg } from "../../src/wire/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { startRaw } from "../kit/raw.ts";
import { until } from "../kit/until.ts";
import { loadBinding } from "../kit/drivers.ts";
import { comesTo, listenerOf, openLeg, WAYS } from "./legs.ts";
import type { Story } from "./legs.ts";

for (const [driver, wire] of WAYS) {
  const test = (name: string, story: (t: TestContext) => Promise<void>): void =>
    void nodeTest(`${driver.name}, ${wire.name}: ${name}`, story);
  const open = (t: TestContext): Promise<Story> => openLeg(t, driver, wire);

  test("nothing is read before a leg is resumed, nor while it is paused", async (t) => {
    const { leg, peer, told } = await open(t);
    peer.write("one");
    await new Promise(setImmediate);
    assert.deepEqual(told, []);
    leg.resume();
    await comesTo(told, "one");
    leg.pause();
    peer.write("two");
    await new Promise(setImmediate);
    assert.deepEqual(told, ["one"]);
    leg.resume();
    await comesTo(told, "onetwo");
  });

  test("who listens may change, and only the one who listens is told", async (t) => {
    const { leg, peer, told } = await open(t);
    leg.resume();
    peer.write("for the first");
    await comesTo(told, "for the first");
    const next: string[] = [];
    leg.listener = listenerOf(next);
    peer.write("for the second");
    peer.half();
    await comesTo(next, "for the second<end>");
    assert.deepEqual(told, ["for the first"]);
  });

  test("each half ends by itself, and the connection when both have", async (t) => {
    const { leg, peer, told } = await open(t);
    leg.resume();
    peer.half();
    await comesTo(told, "<end>");
    assert.ok(!leg.closed);
    leg.write(Buffer.from("still open"));
    leg.end();
    assert.equal(await peer.received.ending(), "fin");
    assert.equal(peer.received.rest().toString(), "still open");
    await comesTo(told, "<end><closed>");
    assert.ok(leg.closed);
  });

  test("a reset is told once, as a broken connection", async (t) => {
    const { leg, peer, told } = await open(t);
    leg.resume();
    peer.reset();
    await comesTo(told, "<broken>");
    leg.destroy();
    leg.end();
    leg.write(Buffer.from("to nobody"));
    await new Promise(setImmediate);
    assert.deepEqual(told, ["<broken>"]);
  });

  test("a leg that is destroyed is closed once", async (t) => {
    const { leg, told } = await open(t);
    leg.destroy();
    leg.destroy();
    await comesTo(told, "<closed>");
  });

  test("a peer that does not read makes a backlog, which shrinks as it reads, and is told when it is gone", async (t) => {
    const { leg, peer, told } = await open(t);
    peer.socket.pause();
    assert.equal(leg.backlog, 0);
    const chunk = Buffer.alloc(1 << 20, "x");
    let sent = 0;
    for (let flowing = true; flowing && sent < 64; sent += 1) flowing = leg.write(chunk);
    for (; sent < 24; sent += 1) leg.write(chunk);
    assert.ok(leg.backlog > 0);
    assert.equal(told.length, 0);
    peer.socket.resume();
    await until(() => told.includes("<drain>"), "the drain");
    assert.equal(leg.backlog, 0);
    await until(() => peer.socket.bytesRead === sent * chunk.length, "every byte");
  });

  test("what waits to be written stays as it is, whatever is read meanwhile, by this leg and by others", async (t) => {
    const [source, target, other] = [await open(t), await open(t), await open(t)];
    target.peer.socket.pause();
    const expected = createHash("sha256");
    let forwarded = 0;
    source.leg.listener = {
      ...source.listener,
      onBytes(bytes) {
        expected.update(bytes);
        forwarded += bytes.length;
        if (!target.leg.write(bytes)) source.leg.pause();
      },
    };
    target.leg.listener = { ...target.listener, onDrain: () => source.leg.resume() };
    source.leg.resume();
    for (let block = 0; block < 300; block += 1) source.peer.write(randomBytes(64 * 1024));
    await until(() => target.leg.backlog > 0, "a backlog");
    // From here on nothing is forwarded: what both legs read goes nowhere, and must not go over what waits.
    source.leg.listener = { ...source.listener, onBytes() {} };
    target.leg.listener = target.listener;
    source.leg.resume();
    let elsewhere = 0;
    other.leg.listener = { ...other.listener, onBytes: (bytes) => void (elsewhere += bytes.length) };
    other.leg.resume();
    other.peer.write(Buffer.alloc(1 << 20, 1));
    await until(() => elsewhere === 1 << 20, "the other leg reads");
    const received = createHash("sha256");
    let arrived = 0;
    target.peer.socket.removeAllListeners("data");
    target.peer.socket.on("data", (bytes: Buffer) => {
      received.update(bytes);
      arrived += bytes.length;
    });
    target.peer.socket.resume();
    await until(() => arrived === forwarded, "every byte");
    assert.equal(received.digest("hex"), expected.digest("hex"));
  });

  test("what is forwarded stays whole through backlogs, a long calm, and backlogs again", async (t) => {
    const [source, target] = [await open(t), await open(t)];
    const sent = createHash("sha256");
    const received = createHash("sha256");
    let written = 0;
    let arrived = 0;
    const send = (bytes: Buffer): void => {
      sent.update(bytes);
      written += bytes.length;
      source.peer.write(bytes);
    };
    source.leg.listener = {
      ...source.listener,
      onBytes: (bytes) => void (target.leg.write(bytes) || source.leg.pause()),
    };
    target.leg.listener = { ...target.listener, onDrain: () => source.leg.resume() };
    target.peer.socket.removeAllListeners("data");
    target.peer.socket.on("data", (bytes: Buffer) => {
      received.update(bytes);
      arrived += bytes.length;
    });
    source.leg.resume();
    for (let round = 0; round < 2; round += 1) {
      target.peer.socket.pause();
      for (let block = 0; block < 300; block += 1) send(randomBytes(64 * 1024));
      await until(() => target.leg.backlog > 0, "a backlog");
      target.peer.socket.resume();
      await until(() => arrived === written, "every byte of the flood");
      for (let calm = 0; calm < 300; calm += 1) {
        const came = once(target.peer.socket, "data");
        send(randomBytes(10));
        await came;
      }
    }
    await until(() => arrived === written, "every byte");
    assert.equal(received.digest("hex"), sent.digest("hex"));
  });

  test("small writes stay as they are while they wait, whatever is read meanwhile", async (t) => {
    const [source, target, other] = [await open(t), await open(t), await open(t)];
    target.peer.socket.pause();
    const expected = createHash("sha256");
    let forwarded = 0;
    source.leg.listener = {
      ...source.listener,
      onBytes(bytes) {
        expected.update(bytes);
        forwarded += bytes.length;
        target.leg.write(bytes);
      },
    };
    source.leg.resume();
    other.leg.resume();
    let sent = 0;
    for (; target.leg.backlog < 50_000; sent += 1000) {
      source.peer.write(Buffer.alloc(1000, sent / 1000));
      other.peer.write(Buffer.alloc(3000, "-"));
      if (sent % 8000 === 0) await new Promise(setImmediate);
    }
    await until(() => forwarded === sent, "everything is read");
    const received = createHash("sha256");
    let arrived = 0;
    target.peer.socket.removeAllListeners("data");
    target.peer.socket.on("data", (bytes: Buffer) => {
      received.update(bytes);
      arrived += bytes.length;
    });
    target.peer.socket.resume();
    await until(() => arrived === sent, "every byte");
    assert.equal(received.digest("hex"), expected.digest("hex"));
  });

  test("what was written leaves before the end, however much it is", async (t) => {
    const { leg, peer } = await open(t);
    leg.resume();
    const all = randomBytes(3_000_000);
    for (const [start, end] of [
      [0, 10],
      [10, 20],
      [20, 1_500_000],
      [1_500_000, all.length],
    ] as const) {
      leg.write(all.subarray(start, end));
    }
    leg.end();
    assert.equal(await peer.received.ending(), "fin");
    assert.ok(peer.received.rest().equals(all));
    assert.ok(!leg.closed);
  });

  test("the drain may be answered with a write, again and again", async (t) => {
    const { leg, peer, listener } = await open(t);
    const chunk = randomBytes(300_000);
    let writes = 0;
    const write = (): void => {
      for (let flows = true; flows && writes < 40; writes += 1) flows = leg.write(chunk);
    };
    leg.listener = { ...listener, onDrain: write };
    write();
    await until(() => peer.socket.bytesRead >= 40 * chunk.length, "every byte");
    const received = peer.received.rest();
    for (let at = 0; at < received.length; at += chunk.length) {
      assert.ok(received.subarray(at, at + chunk.length).equals(chunk));
    }
  });

  test("a leg that is destroyed while it is given bytes is given no more", async (t) => {
    const { leg, peer, told, listener } = await open(t);
    leg.listener = {
      ...listener,
      onBytes(bytes) {
        listener.onBytes(bytes.subarray(0, 1));
        leg.destroy();
      },
    };
    leg.resume();
    peer.write(Buffer.alloc(100_000, "x"));
    await comesTo(told, "x<closed>");
  });
}

nodeTest("without Node's bindings, or with ones that look different, the public driver is taken", () => {
  const throws = (): never => {
    throw new Error("no such binding");
  };
  assert.equal(createDriver("auto", throws).name, "stream");
  assert.equal(createDriver("handle", () => ({})).name, "stream");
  assert.equal(createDriver("handle", () => ({ WriteWrap: 1, ShutdownWrap: 2 })).name, "stream");
  assert.equal(createDriver("stream", loadBinding).name, "stream");
  assert.equal(createDriver("auto", loadBinding).name, "handle");
});

nodeTest("a socket that cannot be taken apart is driven as a stream", async (t) => {
  const server = await startRaw(t);
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  const leg = new StreamLeg(socket, listenerOf([]));
  lastly(t, () => leg.destroy());
  socket.end();
  assert.equal(createDriver("handle", loadBinding).drive(leg), leg);
});

nodeTest("beside legs on handles, one that stays on streams keeps what it was given until it has left", async (t) => {
  const server = await startRaw(t);
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  const peer = await server.peer();
  peer.socket.pause();
  socket.write(Buffer.alloc(16 << 20, "-"));
  const leg = new StreamLeg(socket, listenerOf([]));
  lastly(t, () => leg.destroy());
  assert.equal(createDriver("handle", loadBinding).drive(leg), leg);
  const bytes = Buffer.alloc(100, "a");
  leg.write(bytes);
  bytes.fill("b");
  leg.end();
  peer.socket.resume();
  assert.equal(await peer.received.ending(), "fin");
  assert.equal(
    peer.received
      .rest()
      .subarray(16 << 20)
      .toString(),
    "a".repeat(100),
  );
});
