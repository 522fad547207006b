/** Events as they happen. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";

import { answerTo, ask, begin } from "../kit/http.ts";
import { rawConnect, type RawPeer } from "../kit/raw.ts";
import { until } from "../kit/until.ts";
import { startFake } from "./fake.ts";

const PATH = "/api/v1/events";

/** Everything up to the next empty line of a stream, whose chunks are unwrapped. */
const block = (bytes: Buffer): { value: string; used: number } | undefined => {
  const end = bytes.indexOf("\n\n");
  return end < 0 ? undefined : { value: bytes.toString("utf8", 0, end), used: end + 2 };
};

interface Stream {
  readonly peer: RawPeer;
  /** The next block: fields, or a comment. */
  next(): Promise<string>;
  /** The number of the next event. */
  id(): Promise<number>;
}

/** Opens a stream over a socket of its own; HTTP/1.0 keeps it free of chunks. */
const openStream = async (t: TestContext, port: number, headers = "", target = PATH): Promise<Stream> => {
  const peer = await rawConnect(t, port);
  peer.write(`GET ${target} HTTP/1.0\r\nHost: localhost\r\n${headers}\r\n`);
  const head = await peer.head();
  assert.equal(head.status, 200);
  assert.match(head.get("content-type") ?? "", /^text\/event-stream/);
  const next = () => peer.received.take(block, "an event");
  assert.equal(await next(), "retry: 2000");
  return { peer, next, id: async () => Number(/^id: (\d+)$/m.exec(await next())?.[1]) };
};

test("a stream tells what has happened, and then what happens", async (t) => {
  const fake = await startFake(t);
  const stream = await openStream(t, fake.port);
  assert.deepEqual([await stream.id(), await stream.id(), await stream.id()], [1, 2, 3]);
  fake.happen({ type: "backend-added", message: "Two\nlines." });
  const [id, type, data, ...rest] = (await stream.next()).split("\n");
  assert.deepEqual([id, type, rest], ["id: 4", "event: backend-added", []]);
  assert.equal(JSON.parse(data?.replace("data: ", "") ?? "").message, "Two\nlines.");
});

test("who comes back with Last-Event-ID gets what was missed, each event once", async (t) => {
  const fake = await startFake(t);
  const first = await openStream(t, fake.port, "Last-Event-ID: 2\r\n");
  assert.equal(await first.id(), 3);
  first.peer.socket.destroy();
  await until(() => fake.listeners.size === 0, "the instance is no longer listened to");
  fake.happen();
  fake.happen();
  const second = await openStream(t, fake.port, "Last-Event-ID: 3\r\n");
  assert.deepEqual([await second.id(), await second.id()], [4, 5]);
  fake.happen();
  assert.equal(await second.id(), 6);
  const third = await openStream(t, fake.port, "Last-Event-ID: 5\r\n", `${PATH}?after=1`);
  assert.equal(await third.id(), 6, "the header is younger than the target");
  const fourth = await openStream(t, fake.port, "", `${PATH}?after=4`);
  assert.equal(await fourth.id(), 5);
});

test("a number of another instance, or none at all, begins with all that is remembered", async (t) => {
  const fake = await startFake(t);
  for (const id of ["99", "x", "-1", ""]) {
    const stream = await openStream(t, fake.port, `Last-Event-ID: ${id}\r\n`);
    assert.equal(await stream.id(), 1, id);
  }
});

test("a silent stream is kept alive by comments", async (t) => {
  const fake = await startFake(t, {}, { events: { heartbeat: 5 } });
  const stream = await openStream(t, fake.port, "Last-Event-ID: 3\r\n");
  assert.equal(await stream.next(), ":");
  assert.equal(await stream.next(), ":");
});

test("a reader that does not read is cut off, and the others are not", async (t) => {
  const fake = await startFake(t, {}, { events: { maxBacklog: 65_536 } });
  const reader = await openStream(t, fake.port, "Last-Event-ID: 3\r\n");
  const idle = await openStream(t, fake.port, "Last-Event-ID: 3\r\n");
  idle.peer.socket.pause();
  const filler = "x".repeat(50_000);
  for (let told = 0; told < 2_000 && fake.listeners.size > 1; told += 1) {
    // Several at once: what comes behind the cut goes nowhere.
    const ids = [fake.happen({ filler }), fake.happen(), fake.happen()];
    assert.deepEqual([await reader.id(), await reader.id(), await reader.id()], ids);
  }
  assert.equal(fake.listeners.size, 1);
  fake.happen();
  await reader.id();
});

test("so many streams are served and no more; one that ends makes room", async (t) => {
  const fake = await startFake(t, {}, { events: { maxStreams: 1 } });
  const stream = await openStream(t, fake.port);
  const refused = await ask(t, fake.origin + PATH);
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [503, "5"]);
  stream.peer.socket.destroy();
  await until(() => fake.listeners.size === 0, "the stream is over");
  await openStream(t, fake.port);
});

test("JSON gives the list; everything else the stream", async (t) => {
  const fake = await startFake(t);
  const list = async (target: string, headers: Record<string, string> = {}) => {
    const answer = await ask(t, fake.origin + target, { headers: { Accept: "application/json", ...headers } });
    return (JSON.parse(answer.body.toString()) as { id: number }[]).map(({ id }) => id);
  };
  assert.deepEqual(await list(PATH), [1, 2, 3]);
  assert.deepEqual(await list(`${PATH}?after=1`), [2, 3]);
  assert.deepEqual(await list(PATH, { "Last-Event-ID": "2" }), [3]);
  for (const accept of ["text/event-stream", "*/*", "application/json, text/event-stream"]) {
    const answer = await answerTo(begin(t, fake.origin + PATH, { headers: { accept } }).end());
    assert.match(answer.headers["content-type"] ?? "", /^text\/event-stream/, accept);
    assert.deepEqual([answer.headers["cache-control"], answer.headers["vary"]], ["no-store", "Accept"]);
    answer.destroy();
  }
  const head = await ask(t, fake.origin + PATH, { method: "HEAD" });
  assert.match(head.headers["content-type"] ?? "", /^text\/event-stream/);
  await until(() => fake.listeners.size === 0, "nobody listens any more");
});

test("streams end with the listener", async (t) => {
  const fake = await startFake(t);
  const stream = await openStream(t, fake.port, "Last-Event-ID: 3\r\n");
  await fake.admin.close();
  await stream.peer.farewell();
  assert.equal(fake.listeners.size, 0);
});
